import type { Sql } from '#db/connect.ts';
import type { Violation } from './violation.ts';

/** Topics whose rows are the journal's own; a run's topic is its log (ADR 0002). */
export async function checkTopics(sql: Sql): Promise<Violation[]> {
  const gaps = await sql<{ topic: string; detail: string }[]>`
    select t.topic, format('floor %s, head %s, numbers %s to %s, %s rows, %s of them distinct',
      t.floor_seq, t.head_seq, e.first, e.last, e.rows, e.numbers) as detail
    from runtime.sync_topics t
    cross join lateral (
      select min(seq) as first, max(seq) as last, count(*) as rows, count(distinct seq) as numbers
      from runtime.sync_events e where e.topic_id = t.topic_id and e.seq > t.floor_seq
    ) e
    where t.class <> 'run_events'
      and (t.head_seq - t.floor_seq <> e.rows or e.rows <> e.numbers
        or (e.rows > 0 and (e.first <> t.floor_seq + 1 or e.last <> t.head_seq)))`;
  const altered = await sql<{ topic: string; seq: bigint }[]>`
    select t.topic, e.seq from runtime.sync_events e join runtime.sync_topics t using (topic_id)
    where e.payload_sha256 <> sha256(e.payload)`;
  return [
    ...gaps.map(({ topic, detail }) => ({ rule: 'topic_gap' as const, subject: topic, detail })),
    ...altered.map(({ topic, seq }) => ({
      rule: 'topic_gap' as const,
      subject: topic,
      detail: `row ${seq} has another hash than its bytes`,
    })),
  ];
}
