/**
 * What of the journal has become unreachable, and how it goes.
 *
 * 1. A row goes only once it is at or below its topic's floor, and the floor never comes back. Moving it is what makes rows
 *    unreachable; that they leave the disk later changes nothing for anyone.
 * 2. The floor passes `k`, the newest row that is older than the class keeps it, only where a reader can still start: the
 *    class needs no snapshot, or a snapshot of this lineage holds everything up to `k`.
 * 3. A run's log is authority: its floor moves, its rows stay.
 * 4. Every statement is bounded, and every step can be repeated.
 */
import { startsFromSnapshot, type TopicClass } from '#proto/topics.ts';
import { arrayParameter } from '../array-parameter.ts';
import type { Sql } from '../connect.ts';
import { type Queryable, type Tx, transaction } from '../transaction.ts';

export interface DueFloor {
  topicId: bigint;
  topic: string;
  epoch: string;
  /** Of the counter row, before anything moves. */
  snapshotSeq: bigint;
  /** The newest seq that is older than the class keeps it. */
  floorSeq: bigint;
}

export interface RetainedClass {
  topicClass: TopicClass;
  retentionMs: number;
}

interface DueRow {
  topic_id: bigint;
  topic: string;
  epoch: string;
  snapshot_seq: bigint;
  due_seq: bigint;
}

/**
 * The next topics of a class with rows older than the class keeps them. An old row has an old day, so that only partitions
 * which are soon dropped are looked into, and there from the newest row back.
 */
export async function dueFloors(
  sql: Queryable,
  { topicClass, retentionMs }: RetainedClass,
  page: { afterTopicId: bigint; limit: number },
): Promise<DueFloor[]> {
  const before = sql`(clock_timestamp() - ${`${retentionMs} ms`}::interval)`;
  const rows =
    topicClass === 'run_events'
      ? await sql<DueRow[]>`
          select t.topic_id, t.topic, t.epoch, t.snapshot_seq, due.seq as due_seq
          from runtime.sync_topics t join runtime.runs r on r.topic_id = t.topic_id
          cross join lateral (
            select e.seq from runtime.run_events e
            where e.run_id = r.run_id and e.seq > t.floor_seq and e.recorded_at < ${before}
            order by e.seq desc limit 1
          ) due
          where t.class = 'run_events' and t.topic_id > ${page.afterTopicId} and r.latest_seq > t.floor_seq
          order by t.topic_id limit ${page.limit}`
      : await sql<DueRow[]>`
          select t.topic_id, t.topic, t.epoch, t.snapshot_seq, due.seq as due_seq
          from runtime.sync_topics t
          cross join lateral (
            select e.seq from runtime.sync_events e
            where e.class = ${topicClass} and e.topic_id = t.topic_id and e.seq > t.floor_seq
              and e.day <= (${before} at time zone 'utc')::date and e.inserted_at < ${before}
            order by e.seq desc limit 1
          ) due
          where t.class = ${topicClass} and t.class <> 'run_events' and t.topic_id > ${page.afterTopicId}
            and t.head_seq > t.floor_seq
          order by t.topic_id limit ${page.limit}`;
  return rows.map((row) => ({
    topicId: row.topic_id,
    topic: row.topic,
    epoch: row.epoch,
    snapshotSeq: row.snapshot_seq,
    floorSeq: row.due_seq,
  }));
}

/** Moves the floors that may move (invariant 2), in one transaction; answers the topics that moved. */
export async function moveFloors(
  sql: Sql,
  topicClass: TopicClass,
  due: readonly DueFloor[],
): Promise<string[]> {
  if (due.length === 0) return [];
  return transaction(sql, async (tx) => {
    await lockTopics(tx, due);
    const rows = await tx<{ topic: string }[]>`
      update runtime.sync_topics t set floor_seq = due.seq
      from unnest(${arrayParameter(due.map((one) => one.topicId))}::int8[],
        ${arrayParameter(due.map((one) => one.floorSeq))}::int8[],
        ${due.map((one) => one.epoch)}::text[]) due (topic_id, seq, epoch)
      where t.topic_id = due.topic_id and t.epoch::text = due.epoch and t.floor_seq < due.seq
        and (not ${startsFromSnapshot(topicClass)}::bool or exists (
          select from runtime.sync_snapshots s
          where s.topic_id = t.topic_id and s.epoch = t.epoch and s.as_of_seq >= due.seq))
      returning t.topic`;
    return rows.map(({ topic }) => topic);
  });
}

/** In the order in which appends lock them, so that neither waits for the other in a circle. */
async function lockTopics(tx: Tx, due: readonly DueFloor[]): Promise<void> {
  await tx`
    select from runtime.sync_topics where topic_id = any (${arrayParameter(due.map((one) => one.topicId))}::int8[])
    order by topic collate "C" for update`;
}

export interface JournalPartition {
  partition: string;
  topicClass: TopicClass;
  /** `YYYY-MM-DD`; null of the partition that takes what has no day of its own. */
  day: string | null;
}

/** Every partition that holds rows, oldest first. */
export async function listPartitions(sql: Queryable): Promise<JournalPartition[]> {
  const rows = await sql<{ partition: string; class: TopicClass; day: string | null }[]>`
    select c.relname as partition, substring(pc.relname from '^sync_events_(.+)$') as class,
      to_char(substring(c.relname from '_(\\d{8})$')::date, 'YYYY-MM-DD') as day
    from pg_inherits root
    join pg_class pc on pc.oid = root.inhrelid
    join pg_inherits i on i.inhparent = root.inhrelid
    join pg_class c on c.oid = i.inhrelid
    where root.inhparent = 'runtime.sync_events'::regclass
    order by day nulls last, class`;
  return rows.map((row) => ({ partition: row.partition, topicClass: row.class, day: row.day }));
}

/** Drops a past day of a class. `held`: a topic still keeps a row of it; `busy`: somebody is using it, try again later. */
export async function dropPartition(
  sql: Queryable,
  partition: string,
): Promise<{ outcome: 'dropped'; rows: number } | { outcome: 'held' | 'busy' }> {
  const [row] = await sql<{ rows: bigint | null }[]>`
    select runtime.drop_unreachable_partition(${partition}) as rows`;
  const rows = row?.rows ?? null;
  if (rows === null) return { outcome: 'busy' };
  return rows < 0n ? { outcome: 'held' } : { outcome: 'dropped', rows: Number(rows) };
}

/** Of one transaction, so that its locks and its WAL stay small. */
export const DELETED_ROWS_MAX = 5_000;

/** Deletes unreachable rows that came before their partition, at most `DELETED_ROWS_MAX` of a class. */
export async function deleteUnreachable(sql: Queryable, topicClass: TopicClass): Promise<number> {
  const table = sql(`runtime.sync_events_${topicClass}_default`);
  const rows = await sql`
    delete from ${table} where ctid = any (array(
      select e.ctid from ${table} e join runtime.sync_topics t using (topic_id)
      where e.seq <= t.floor_seq limit ${DELETED_ROWS_MAX}))`;
  return rows.count;
}

/** Snapshots of lineages that are over; of the present one there is only the newest. */
export async function deleteForeignSnapshots(sql: Queryable): Promise<number> {
  const rows = await sql`
    delete from runtime.sync_snapshots s using runtime.sync_topics t
    where t.topic_id = s.topic_id and s.epoch <> t.epoch`;
  return rows.count;
}

/** Revocations under which nothing can be alive any more. */
export async function deleteExpiredRevocations(sql: Queryable): Promise<number> {
  const rows = await sql`
    delete from runtime.sync_revocations where revocation_id in (
      select revocation_id from runtime.sync_revocations
      where expires_at < clock_timestamp() limit ${DELETED_ROWS_MAX})`;
  return rows.count;
}
