/** What no role may: rows of the journal become older than they are. */
import type { Sql } from '../connect.ts';

/** Rows of a topic up to `upToSeq` were written so many days ago; their day has a partition then. */
export async function ageRows(
  owner: Sql,
  { topic, upToSeq, days }: { topic: string; upToSeq: bigint; days: number },
): Promise<void> {
  const [row] = await owner<{ class: string; day: string }[]>`
    select class, to_char((now() at time zone 'utc')::date - ${days}::int4, 'YYYY-MM-DD') as day
    from runtime.sync_topics where topic = ${topic}`;
  if (!row) throw new Error(`there is no topic ${topic}`);
  await createPastPartition(owner, row.class, row.day);
  await owner`
    update runtime.sync_events e set day = ${row.day}::date, inserted_at = inserted_at - make_interval(days => ${days})
    from runtime.sync_topics t
    where t.topic = ${topic} and e.topic_id = t.topic_id and e.class = t.class and e.seq <= ${upToSeq}`;
}

/** Of a day (`YYYY-MM-DD`) that nobody would create one for any more. */
export async function createPastPartition(
  owner: Sql,
  topicClass: string,
  day: string,
): Promise<void> {
  const partition = `runtime.sync_events_${topicClass}_${day.replaceAll('-', '')}`;
  await owner.unsafe(`
    create table if not exists ${partition} partition of runtime.sync_events_${topicClass}
      for values from ('${day}') to ('${day}'::date + 1);
    alter table ${partition} owner to oa_runtime_owner`);
}
