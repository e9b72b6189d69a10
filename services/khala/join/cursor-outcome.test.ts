import { describe, expect, test } from 'vitest';
import { type Cursor, type CursorWindow, cursorOutcome } from './cursor-outcome.ts';

/**
 * The model: the events that exist are a set, and a reader is promised every one after its cursor. It is slow, and it
 * knows nothing of comparisons.
 */
function model(cursor: Cursor | undefined, window: CursorWindow, budget: number): string {
  const snapshot = Number(window.snapshotSeq);
  const starts = !cursor && snapshot > 0;
  const begins = !cursor || (cursor.seq === 0n && cursor.epoch === '');
  if (!begins && cursor.epoch !== window.epoch) return 'ahead lineage_mismatch';
  const after = starts ? snapshot : begins ? 0 : Number(cursor.seq);
  const head = Number(window.headSeq);
  const floor = Number(window.floorSeq);
  const everWritten = range(1, head);
  const retained = new Set(everWritten.filter((seq) => seq > floor));
  const promised = everWritten.filter((seq) => seq > after);
  if (after > everWritten.length) return 'ahead cursor_ahead';
  if (!starts && promised.length === 0) return `at_head ${after + 1}`;
  if (!promised.every((seq) => retained.has(seq))) {
    const pruned = range(1, floor);
    const snapshotHolds = pruned.every((seq) => seq <= snapshot);
    return `behind ${snapshotHolds ? 'compacted' : 'retention_expired'}`;
  }
  if (promised.length > budget) return 'behind replay_budget_exceeded';
  return starts ? `bootstrap ${after + 1}` : `replay ${promised[0]}`;
}

function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}

function found(cursor: Cursor | undefined, window: CursorWindow, budget: number): string {
  const result = cursorOutcome(cursor, window, budget);
  return 'reason' in result
    ? `${result.outcome} ${result.reason}`
    : `${result.outcome} ${result.nextSeq}`;
}

describe('the four outcomes', () => {
  test('agree with the model for every floor, head, snapshot, cursor, epoch and budget', () => {
    let combinations = 0;
    const outcomes = new Set<string>();
    for (const head of range(0, 6)) {
      for (const floor of range(0, head)) {
        for (const snapshot of range(0, head)) {
          const window = {
            epoch: 'e1',
            floorSeq: BigInt(floor),
            headSeq: BigInt(head),
            snapshotSeq: BigInt(snapshot),
          };
          for (const budget of [0, 1, 3, 100]) {
            const cursors = range(0, 8).flatMap((seq) =>
              ['e1', 'e2', ''].map((epoch) => ({ epoch, seq: BigInt(seq) })),
            );
            for (const cursor of [undefined, ...cursors]) {
              const expected = model(cursor, window, budget);
              const where = JSON.stringify({ head, floor, snapshot, budget, cursor }, bigints);
              expect(found(cursor, window, budget), where).toBe(expected);
              outcomes.add(expected.replace(/ \d+$/, ''));
              combinations += 1;
            }
          }
        }
      }
    }
    expect(combinations).toBeGreaterThan(10_000);
    expect([...outcomes].sort()).toEqual([
      'ahead cursor_ahead',
      'ahead lineage_mismatch',
      'at_head',
      'behind compacted',
      'behind replay_budget_exceeded',
      'behind retention_expired',
      'bootstrap',
      'replay',
    ]);
  });

  test('a fully pruned topic still tells a stale cursor from a current one', () => {
    const window = { epoch: 'e1', floorSeq: 9n, headSeq: 9n, snapshotSeq: 0n };
    expect(found({ epoch: 'e1', seq: 9n }, window, 100)).toBe('at_head 10');
    expect(found({ epoch: 'e1', seq: 8n }, window, 100)).toBe('behind retention_expired');
  });
});

function bigints(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}
