import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from './memory-store.ts';
import type { FetchSnapshot } from './snapshot-source.ts';
import { type Beginning, TopicReader } from './topic-reader.ts';
import type { Snapshot, SubscribeOptions, SyncEvent } from './types.ts';
import type { DocumentStore, WatermarkStore } from './watermark-store.ts';

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

const from = (nextSeq: bigint, epoch = EPOCH): Beginning => ({ epoch, nextSeq, snapshotPath: '' });

function readerOf(
  options: SubscribeOptions = {},
  store: WatermarkStore = createMemoryStore(),
  fetchSnapshot: FetchSnapshot = async () => 'moved',
) {
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
    fetchSnapshot,
    {
      onPause: () => told.push('pause'),
      onResume: () => told.push('resume'),
      onRepositioned: () => told.push('repositioned'),
      onSettled: () => told.push('settled'),
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
          reader.began(from(1n));
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
    expect(reader.began(from(5n))).toBe('taken');
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
    reader.began(from(1n));
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
    expect(reader.began(from(9n))).toBe('gap');
    expect(reader.began(from(5n, 'e2'))).toBe('gap');
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
    reader.began(from(1n));
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
    reader.began(from(1n));
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
    reader.began(from(1n));
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
  reader.began(from(1n));
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
  expect(told).toEqual(['repositioned', 'settled']);
  expect(reader.cursor).toEqual({ epoch: 'e9', seq: 40n });
  expect(await store.load('t')).toEqual({ epoch: 'e9', seq: 40n });
});

describe('a bootstrap', () => {
  const PATH = '/v1/sync/snapshots/t';

  function snapshotAt(asOfSeq: number, epoch = EPOCH): Snapshot {
    const documents = [{ docKey: 'a', docVersion: 4n, kind: 'run.summary', payload: asOfSeq }];
    return { topic: 't', epoch, asOfSeq: BigInt(asOfSeq), documents };
  }

  /** What the application was told, in order. */
  function bootstrapped(fetchSnapshot: FetchSnapshot, options: SubscribeOptions = {}) {
    const heard: string[] = [];
    const made = readerOf(
      {
        onSnapshot: ({ asOfSeq, documents }) =>
          void heard.push(`snapshot ${asOfSeq} of ${documents.length}`),
        onEvent: ({ seq }) => void heard.push(`event ${seq}`),
        ...options,
      },
      createMemoryStore(),
      fetchSnapshot,
    );
    return { ...made, heard };
  }

  test('asks without a cursor, applies the snapshot, then what came after it', async () => {
    const { reader, heard, store } = bootstrapped(async () => snapshotAt(7));
    await reader.open();
    expect(reader.cursor).toBeUndefined();
    expect(reader.began({ epoch: EPOCH, nextSeq: 8n, snapshotPath: PATH })).toBe('taken');
    expect(reader.settled).toBe(false);
    reader.offer(eventAt(8), 1);
    await drained();
    expect(heard).toEqual(['snapshot 7 of 1', 'event 8']);
    expect(reader.settled).toBe(true);
    expect(await store.load('t')).toEqual({ epoch: EPOCH, seq: 8n });
  });

  test('drops what a newer snapshot has in it already', async () => {
    const { reader, heard } = bootstrapped(async () => snapshotAt(9));
    await reader.open();
    reader.began({ epoch: EPOCH, nextSeq: 8n, snapshotPath: PATH });
    reader.offer(eventAt(8), 1);
    await drained();
    expect(reader.offer(eventAt(9), 1)).toBe('duplicate');
    expect(reader.offer(eventAt(10), 1)).toBe('taken');
    await drained();
    expect(heard).toEqual(['snapshot 9 of 1', 'event 10']);
  });

  test('of a topic without a snapshot begins with nothing, at its first event', async () => {
    const { reader, heard } = bootstrapped(async () => 'moved');
    await reader.open();
    reader.began(from(1n));
    reader.offer(eventAt(1), 1);
    await drained();
    expect(heard).toEqual(['snapshot 0 of 0', 'event 1']);
  });

  test('begins anew when the lineage has moved, and drops what was already on its way', async () => {
    const { reader, heard, told } = bootstrapped(async () => 'moved');
    await reader.open();
    reader.began({ epoch: EPOCH, nextSeq: 8n, snapshotPath: PATH });
    reader.offer(eventAt(8), 1);
    await drained();
    expect(told).toEqual(['repositioned', 'settled']);
    expect(reader.cursor).toBeUndefined();
    reader.began(from(1n, 'e2'));
    reader.offer(eventAt(1, 'e2'), 1);
    await drained();
    expect(heard).toEqual(['snapshot 0 of 0', 'event 1']);
  });

  test('is given up when no snapshot leads anywhere', async () => {
    const { reader, told } = bootstrapped(async () => 'moved');
    await reader.open();
    for (let round = 0; round < 6; round += 1) {
      reader.began({ epoch: EPOCH, nextSeq: 8n, snapshotPath: PATH });
      await drained();
    }
    expect(told.at(-1)).toMatch(/^fault: t cannot be begun/);
  });

  const stale = {
    ...{ topic: 't', reason: 'retention_expired', epoch: EPOCH },
    ...{ floorSeq: 10n, headSeq: 40n, snapshotSeq: 30n, snapshotUrl: PATH },
  };

  test('heals a stale cursor, also one that was ahead', async () => {
    const { reader, heard, told, store } = bootstrapped(async () => snapshotAt(31), {
      from: { epoch: EPOCH, seq: 99n },
    });
    await reader.open();
    reader.snapshotRequired({ ...stale, reason: 'cursor_ahead' });
    await drained();
    expect(heard).toEqual(['snapshot 31 of 1']);
    expect(told).toEqual(['repositioned', 'settled']);
    expect(reader.cursor).toEqual({ epoch: EPOCH, seq: 31n });
    expect(await store.load('t')).toEqual({ epoch: EPOCH, seq: 31n });
  });

  test('of another lineage without a snapshot reads that from its beginning, once', async () => {
    const { reader, told } = bootstrapped(async () => 'moved', { from: { epoch: 'e0', seq: 3n } });
    await reader.open();
    const other = { ...stale, reason: 'lineage_mismatch', snapshotSeq: 0n, snapshotUrl: '' };
    reader.snapshotRequired(other);
    await drained();
    expect(reader.cursor).toBeUndefined();
    reader.snapshotRequired(other);
    await drained();
    expect(told.at(-1)).toMatch(/^fault: t cannot be continued: lineage_mismatch/);
  });

  test('that is closed while it fetches ends at once and tells nothing', async () => {
    const { reader, heard, told } = bootstrapped(
      (_topic, _path, _epoch, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason));
        }),
    );
    await reader.open();
    reader.began({ epoch: EPOCH, nextSeq: 8n, snapshotPath: PATH });
    await reader.close();
    await drained();
    expect([...heard, ...told]).toEqual([]);
  });
});

describe('documents', () => {
  const documentOf = ({ seq, docKey }: SyncEvent) => ({
    ...{ docKey: docKey || String(seq), docVersion: seq, kind: 'x', payload: String(seq) },
  });

  test('stand in the store with the watermark that they belong to', async () => {
    const store = createMemoryStore();
    const { reader } = readerOf({ from: 'beginning', document: documentOf }, store);
    await reader.open();
    reader.began(from(1n));
    for (let seq = 1; seq <= 3_000; seq += 1) reader.offer(eventAt(seq), 1);
    await drained();
    await reader.close();
    const { watermark, documents } = await store.read('t');
    expect(watermark?.seq).toBe(3_000n);
    expect(documents).toHaveLength(3_000);
  });

  test('that cannot be stored end the topic before its watermark passes them', async () => {
    const store = createMemoryStore();
    let full = false;
    const failing: DocumentStore = {
      ...store,
      apply: (...step) => (full ? Promise.reject(new Error('quota')) : store.apply(...step)),
    };
    const { reader, told } = readerOf({ from: 'beginning', document: documentOf }, failing);
    await reader.open();
    reader.began(from(1n));
    reader.offer(eventAt(1), 1);
    await drained();
    full = true;
    reader.offer(eventAt(2), 1);
    await drained();
    full = false;
    reader.offer(eventAt(3), 1);
    await drained();
    expect(told).toEqual(['fault: quota']);
    const { watermark, documents } = await store.read('t');
    expect([watermark?.seq, documents.length]).toEqual([1n, 1]);
  });

  test('need a store that holds them', () => {
    const { apply: _, ...plain } = createMemoryStore();
    expect(() => readerOf({ document: documentOf }, plain)).toThrow('holds no documents');
  });
});
