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

/** The four outcomes of a subscription. */
export type CursorOutcome =
  | { outcome: 'replay'; nextSeq: bigint }
  | { outcome: 'at_head'; nextSeq: bigint }
  | { outcome: 'behind'; reason: StaleReason }
  | { outcome: 'ahead'; reason: StaleReason };

/**
 * Where a reader goes on. No cursor, and seq 0 with an empty epoch, mean from the beginning. What this window cannot
 * supply whole is refused whole.
 */
export function cursorOutcome(
  cursor: Cursor | undefined,
  window: CursorWindow,
  replayBudgetEvents: number,
): CursorOutcome {
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
