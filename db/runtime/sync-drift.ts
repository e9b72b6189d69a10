/** Whether the journal is what its counters say: of each topic every seq in (floor, head] once, and none beyond. */
import { startsFromSnapshot, type TopicClass } from '#proto/topics.ts';
import type { Queryable } from '../transaction.ts';

export type DriftKind =
  /** A retained seq has no row. */
  | 'seq_missing'
  /** A seq has several rows. */
  | 'seq_doubled'
  /** A row lies beyond the head. */
  | 'row_beyond_head'
  | 'floor_beyond_head'
  | 'snapshot_beyond_head'
  /** The counter row names a snapshot that is not stored. */
  | 'snapshot_missing'
  /** The floor has passed what a snapshot of the class holds. */
  | 'floor_beyond_snapshot';

export interface Drift {
  topicId: bigint;
  topic: string;
  topicClass: TopicClass;
  kind: DriftKind;
  floorSeq: bigint;
  headSeq: bigint;
  snapshotSeq: bigint;
  /** Rows found in (floor, head]. */
  rows: bigint;
}

export interface CheckedTopics {
  /** Only these; default: all. */
  topics?: readonly string[];
  /** Only ids in (after, upTo]. */
  ids?: { after: bigint; upTo: bigint };
}

interface CheckedRow {
  topic_id: bigint;
  topic: string;
  class: TopicClass;
  floor_seq: bigint;
  head_seq: bigint;
  snapshot_seq: bigint;
  rows: bigint;
  distinct_rows: bigint;
  beyond: bigint;
  has_snapshot: boolean;
}

/** Every contradiction, each with its topic. One statement, so of one moment: appends beside it are no drift. */
export async function findJournalDrift(
  sql: Queryable,
  { topics, ids }: CheckedTopics = {},
): Promise<Drift[]> {
  const checked = sql`
    ${topics ? sql`and h.topic = any (${[...topics]}::text[])` : sql``}
    ${ids ? sql`and h.topic_id > ${ids.after} and h.topic_id <= ${ids.upTo}` : sql``}`;
  const counts = sql`
    count(e.seq) filter (where e.seq > h.floor_seq and e.seq <= h.head_seq) as rows,
    count(distinct e.seq) filter (where e.seq > h.floor_seq and e.seq <= h.head_seq) as distinct_rows,
    count(e.seq) filter (where e.seq > h.head_seq) as beyond`;
  const rows = await sql<CheckedRow[]>`
    select h.*, n.*, exists (
      select from runtime.sync_snapshots s
      where s.topic_id = h.topic_id and s.epoch = h.epoch and s.as_of_seq = h.snapshot_seq) as has_snapshot
    from runtime.sync_heads h
    cross join lateral (
      select ${counts} from runtime.sync_events e
      where h.class <> 'run_events' and e.class = h.class and e.topic_id = h.topic_id and e.seq > h.floor_seq
    ) n
    where h.class <> 'run_events' ${checked}
    union all
    select h.*, n.*, false
    from runtime.sync_heads h join runtime.runs r on r.topic_id = h.topic_id
    cross join lateral (
      select ${counts} from runtime.run_events e where e.run_id = r.run_id and e.seq > h.floor_seq
    ) n
    where h.class = 'run_events' ${checked}`;
  return rows.flatMap(driftOf);
}

function driftOf(row: CheckedRow): Drift[] {
  const retained = row.head_seq - row.floor_seq;
  const contradictions: [DriftKind, boolean][] = [
    ['seq_missing', row.distinct_rows < retained],
    ['seq_doubled', row.rows > row.distinct_rows],
    ['row_beyond_head', row.beyond > 0n],
    ['floor_beyond_head', row.floor_seq > row.head_seq],
    ['snapshot_beyond_head', row.snapshot_seq > row.head_seq],
    ['snapshot_missing', row.snapshot_seq > 0n && !row.has_snapshot],
    ['floor_beyond_snapshot', startsFromSnapshot(row.class) && row.floor_seq > row.snapshot_seq],
  ];
  return contradictions
    .filter(([, found]) => found)
    .map(([kind]) => ({
      topicId: row.topic_id,
      topic: row.topic,
      topicClass: row.class,
      kind,
      floorSeq: row.floor_seq,
      headSeq: row.head_seq,
      snapshotSeq: row.snapshot_seq,
      rows: row.rows,
    }));
}
