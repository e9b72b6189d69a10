import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from './memory-store.ts';
import { TopicReader } from './topic-reader.ts';
import type { SubscribeOptions, SyncEvent } from './types.ts';
import type { WatermarkStore } from './watermark-store.ts';

const EPOCH = 'e1';

function eventAt(seq: number | bigint, epoch = EPOCH): SyncEvent {
  return {
    topic: 't',
    epoch,
    seq: BigInt(seq),
    kind: 'text.delta',
    payload: null,
    payloadHash: '',
    recordedAtMs: 0,
    docKey: '',
    docVersion: 0n,
    eventHash: '',
  };
}

function readerOf(options: SubscribeOptions = {}, store: WatermarkStore = createMemoryStore()) {
  const told: string[] = [];
  const applied: bigint[] = [];
  const reader = new TopicReader(
    't',
    options,
    async (event) => {
      await options.onEvent?.(event);
      applied.push(event.seq);
    },
    store,
    {
      onPause: () => told.push('pause'),
      onResume: () => told.push('resume'),
      onRepositioned: () => told.push('repositioned'),
      onFault: (error) => told.push(`fault: ${error instanceof Error ? error.message : error}`),
    },
  );
  return { reader, told, applied, store };
}

const drained = () => new Promise((resolve) => setTimeout(resolve, 5));

describe('what is applied is dense', () => {
  test('whatever is offered: doubled, reordered, lost', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 60 }),
        async (seqs) => {
          const { reader, applied } = readerOf({ from: 'beginning' });
          await reader.open();
          reader.began(EPOCH, 1n);
          for (const seq of seqs) reader.offer(eventAt(seq), 1);
          await drained();
          expect(applied).toEqual(applied.map((_, index) => BigInt(index + 1)));
          expect(reader.position?.seq ?? 0n).toBe(BigInt(applied.length));
        },
      ),
      { numRuns: 60 },
    );
  });

  test('a gap is told and not applied, a repetition is dropped', async () => {
    const { reader, applied } = readerOf({ from: { epoch: EPOCH, seq: 4n } });
    await reader.open();
    expect(reader.began(EPOCH, 5n)).toBe('taken');
    expect(reader.offer(eventAt(4), 1)).toBe('duplicate');
    expect(reader.offer(eventAt(6), 1)).toBe('gap');
    expect(reader.offer(eventAt(5, 'e2'), 1)).toBe('gap');
    expect(reader.offer(eventAt(5), 1)).toBe('taken');
    await drained();
    expect(applied).toEqual([5n]);
  });

  test('whoever missed the last event has not caught up', async () => {
    const caughtUp: bigint[] = [];
    const { reader } = readerOf({
      from: 'beginning',
      onCaughtUp: ({ seq }) => void caughtUp.push(seq),
    });
    await reader.open();
    reader.began(EPOCH, 1n);
    reader.offer(eventAt(1), 1);
    expect(reader.caughtUp({ epoch: EPOCH, seq: 2n })).toBe('gap');
    reader.offer(eventAt(2), 1);
    expect(reader.caughtUp({ epoch: EPOCH, seq: 2n })).toBe('taken');
    await drained();
    expect(caughtUp).toEqual([2n]);
  });

  test('a server that begins elsewhere is not believed', async () => {
    const { reader } = readerOf({ from: { epoch: EPOCH, seq: 4n } });
    await reader.open();
    expect(reader.began(EPOCH, 9n)).toBe('gap');
    expect(reader.began('e2', 5n)).toBe('gap');
  });
});

describe('the store', () => {
  test('is never ahead of what was applied', async () => {
    const released: (() => void)[] = [];
    const { reader, store } = readerOf({
      from: 'beginning',
      onEvent: () => new Promise<void>((resolve) => released.push(resolve)),
    });
    await reader.open();
    reader.began(EPOCH, 1n);
    reader.offer(eventAt(1), 1);
    reader.offer(eventAt(2), 1);
    await drained();
    expect(await store.load('t')).toBeUndefined();
    released.shift()?.();
    await drained();
    expect((await store.load('t'))?.seq).toBe(1n);
  });

  test('that is slow gets the newest value, not every one', async () => {
    const saved: bigint[] = [];
    const slow: WatermarkStore = {
      ...createMemoryStore(),
      async save(_, { seq }) {
        await drained();
        saved.push(seq);
      },
    };
    const { reader } = readerOf({ from: 'beginning' }, slow);
    await reader.open();
    reader.began(EPOCH, 1n);
    for (let seq = 1; seq <= 100; seq += 1) reader.offer(eventAt(seq), 1);
    await drained();
    await reader.close();
    expect(saved.at(-1)).toBe(100n);
    expect(saved.length).toBeLessThan(5);
  });

  test('that fails lags; the end reports it', async () => {
    const broken: WatermarkStore = {
      ...createMemoryStore(),
      save: () => Promise.reject(new Error('disk full')),
    };
    const { reader, applied } = readerOf({ from: 'beginning' }, broken);
    await reader.open();
    reader.began(EPOCH, 1n);
    reader.offer(eventAt(1), 1);
    reader.offer(eventAt(2), 1);
    await drained();
    expect(applied).toEqual([1n, 2n]);
    await expect(reader.close()).rejects.toThrow('disk full');
  });
});

test('what waits is bounded: pause at the limit, resume when it is nearly worked off', async () => {
  const gate = Promise.withResolvers<void>();
  const { reader, told, applied } = readerOf({ from: 'beginning', onEvent: () => gate.promise });
  await reader.open();
  reader.began(EPOCH, 1n);
  let taken = 0;
  for (let seq = 1; seq <= 10_000; seq += 1) {
    if (reader.offer(eventAt(seq), 100) === 'taken') taken += 1;
  }
  expect(told).toEqual(['pause']);
  expect(taken).toBeLessThan(4_200);
  gate.resolve();
  await drained();
  expect(told).toEqual(['pause', 'resume']);
  expect(applied).toHaveLength(taken);
  expect(reader.cursor?.seq).toBe(BigInt(taken));
});

test('a snapshot moves the reader to the position that the application names', async () => {
  const { reader, told, store } = readerOf({
    from: 'beginning',
    onSnapshotRequired: async ({ epoch, headSeq }) => ({ epoch, seq: headSeq }),
  });
  await reader.open();
  reader.snapshotRequired({
    topic: 't',
    reason: 'retention_expired',
    epoch: 'e9',
    floorSeq: 10n,
    headSeq: 40n,
    snapshotSeq: 0n,
    snapshotUrl: '',
  });
  await drained();
  expect(told).toEqual(['repositioned']);
  expect(reader.cursor).toEqual({ epoch: 'e9', seq: 40n });
  expect(await store.load('t')).toEqual({ epoch: 'e9', seq: 40n });
});
