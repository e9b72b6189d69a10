/** One row as the database has it, read when nothing moved any more, or just before retention removed it. */
export interface TrueRow {
  sha256: string;
  /** `pg_xact_commit_timestamp` of its transaction: it was durable at this moment or later. */
  committedAtMs: number;
}

/** An append whose success was reported to its writer. */
export interface Acknowledgement {
  headSeq: bigint;
  atMs: number;
}

export interface TopicTruth {
  topic: string;
  epoch: string;
  headSeq: bigint;
  /** Where retention stood at the end; it only ever rises. */
  floorSeq: bigint;
  replayBudgetEvents: number;
  rows: Map<bigint, TrueRow>;
  /** In the order of their times. */
  acknowledged: Acknowledgement[];
}

export type JournalTruth = ReadonlyMap<string, TopicTruth>;

/** The newest event that was certainly durable and visible before `atMs`. */
export function headKnownAt(truth: TopicTruth, atMs: number): bigint {
  let low = 0;
  let high = truth.acknowledged.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((truth.acknowledged[middle]?.atMs ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  return truth.acknowledged[low - 1]?.headSeq ?? 0n;
}
