import type { StaleReason } from '#proto/gen/types.ts';

export interface Cursor {
  epoch: string;
  seq: bigint;
}

export interface CursorWindow {
  epoch: string;
  floorSeq: bigint;
  headSeq: bigint;
  snapshotSeq: bigint;
}

/** The four outcomes of a subscription, and where one without a cursor begins. */
export type CursorOutcome =
  | { outcome: 'bootstrap'; nextSeq: bigint }
  | { outcome: 'replay'; nextSeq: bigint }
  | { outcome: 'at_head'; nextSeq: bigint }
  | { outcome: 'behind'; reason: StaleReason }
  | { outcome: 'ahead'; reason: StaleReason };

/**
 * Where a reader goes on. Without a cursor it begins at the topic's snapshot, where there is one, else at the beginning,
 * which seq 0 with an empty epoch means in any case. What this window cannot supply whole is refused whole.
 */
export function cursorOutcome(
  cursor: Cursor | undefined,
  window: CursorWindow,
  replayBudgetEvents: number,
): CursorOutcome {
  if (!cursor && window.snapshotSeq > 0n) return bootstrap(window, replayBudgetEvents);
  const { seq, epoch } = cursor ?? { seq: 0n, epoch: '' };
  const fromTheBeginning = seq === 0n && epoch === '';
  if (!fromTheBeginning && epoch !== window.epoch) {
    return { outcome: 'ahead', reason: 'lineage_mismatch' };
  }
  if (seq > window.headSeq) return { outcome: 'ahead', reason: 'cursor_ahead' };
  if (seq === window.headSeq) return { outcome: 'at_head', nextSeq: seq + 1n };
  if (seq < window.floorSeq) {
    const folded = window.snapshotSeq >= window.floorSeq;
    return { outcome: 'behind', reason: folded ? 'compacted' : 'retention_expired' };
  }
  if (window.headSeq - seq > BigInt(replayBudgetEvents)) {
    return { outcome: 'behind', reason: 'replay_budget_exceeded' };
  }
  return { outcome: 'replay', nextSeq: seq + 1n };
}

/** Retention keeps what follows a snapshot; only a topic faster than its snapshots can be past the budget. */
function bootstrap(
  { snapshotSeq, floorSeq, headSeq }: CursorWindow,
  replayBudgetEvents: number,
): CursorOutcome {
  if (snapshotSeq < floorSeq) return { outcome: 'behind', reason: 'retention_expired' };
  return headSeq - snapshotSeq > BigInt(replayBudgetEvents)
    ? { outcome: 'behind', reason: 'replay_budget_exceeded' }
    : { outcome: 'bootstrap', nextSeq: snapshotSeq + 1n };
}
