import type { Sql } from '#db/connect.ts';
import type { Queryable } from '#db/transaction.ts';
import type { JournalTruth, TopicTruth, TrueRow } from './journal-truth.ts';
import { replayBudgetOf, type WrittenTopic } from './written-topic.ts';

interface RowOfJournal {
  seq: bigint;
  sha256: string;
  committed_at_ms: number;
}

/** The journal when nothing moves any more, with what its writers knew. */
export async function readTruth(sql: Sql, topics: readonly WrittenTopic[]): Promise<JournalTruth> {
  const truth = new Map<string, TopicTruth>();
  for (const written of topics) {
    const [head] = await sql<{ epoch: string; head_seq: bigint; floor_seq: bigint }[]>`
      select epoch, head_seq, floor_seq from runtime.sync_heads where topic = ${written.topic}`;
    if (!head) throw new Error(`${written.topic} is not in the journal any more`);
    truth.set(written.topic, {
      topic: written.topic,
      epoch: head.epoch,
      headSeq: head.head_seq,
      floorSeq: head.floor_seq,
      replayBudgetEvents: replayBudgetOf(written),
      rows: new Map([...written.removed, ...(await rowsUpTo(sql, written, head.head_seq))]),
      acknowledged: written.acknowledged,
    });
  }
  return truth;
}

/** A topic's rows up to `seq`, with the moments of their commits. */
export async function rowsUpTo(
  sql: Queryable,
  { topic, class: topicClass }: WrittenTopic,
  seq: bigint,
): Promise<Map<bigint, TrueRow>> {
  const rows =
    topicClass === 'run_events'
      ? await sql<RowOfJournal[]>`
          select e.seq, encode(e.payload_sha256, 'hex') as sha256,
            (extract(epoch from pg_xact_commit_timestamp(e.xmin)) * 1000)::float8 as committed_at_ms
          from runtime.run_events e join runtime.runs r using (run_id)
          join runtime.sync_topics t on t.topic_id = r.topic_id
          where t.topic = ${topic} and e.seq <= ${seq}`
      : await sql<RowOfJournal[]>`
          select e.seq, encode(e.payload_sha256, 'hex') as sha256,
            (extract(epoch from pg_xact_commit_timestamp(e.xmin)) * 1000)::float8 as committed_at_ms
          from runtime.sync_events e join runtime.sync_topics t using (topic_id)
          where t.topic = ${topic} and e.class = ${topicClass} and e.seq <= ${seq}`;
  return new Map(
    rows.map((row) => [row.seq, { sha256: row.sha256, committedAtMs: row.committed_at_ms }]),
  );
}
