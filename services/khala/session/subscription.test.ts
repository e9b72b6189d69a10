import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReplayReader } from '../feed/replay-reader.ts';
import { TopicFeed } from '../feed/topic-feed.ts';
import { rowAt, SCRIPTED_HEAD, scriptedJournal } from '../testing/scripted-journal.ts';
import { Subscription } from './subscription.ts';

/** Takes whatever there is, as a connection with all the room in the world does. */
function drive(head: number, nextSeq: number, page: (afterSeq: number) => number[]) {
  const journal = scriptedJournal(page, () => ({ ...SCRIPTED_HEAD, headSeq: BigInt(head) }));
  const top = { ...SCRIPTED_HEAD, headSeq: BigInt(head) };
  const feed = new TopicFeed(top, new ReplayReader(journal));
  const written: number[] = [];
  const stale: string[] = [];
  let caughtUpAfter: number | undefined;
  const settled = Promise.withResolvers<void>();

  const subscription: Subscription = new Subscription(top, BigInt(nextSeq), {
    onReady: takeAll,
    onWantsPage: (wanting) => void wanting.readPage(),
    onPageDone: () => undefined,
    onStale(_, __, reason) {
      stale.push(reason);
      subscription.end();
      settled.resolve();
    },
    onHeadChanged: () => undefined,
    onReadFault: () => undefined,
  });

  function takeAll(): void {
    for (let batch = subscription.take(); batch; batch = subscription.take()) {
      written.push(...batch.events.map(({ seq }) => Number(seq)));
    }
    if (!subscription.takeCaughtUp()) return;
    caughtUpAfter = written.length;
    settled.resolve();
  }

  subscription.attach(feed);
  feed.subscribers.add(subscription);
  takeAll();
  return {
    feed,
    journal,
    written,
    stale,
    subscription,
    settled: settled.promise,
    caughtUpAfter: () => caughtUpAfter,
  };
}

const dense = (afterSeq: number, upTo: number, size = 100) =>
  Array.from({ length: Math.min(size, upTo - afterSeq) }, (_, index) => afterSeq + 1 + index);

describe('only the successor is written (invariant 1)', () => {
  test('whatever a page holds', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 8 }), { maxLength: 20 }),
        fc.integer({ min: 1, max: 4 }),
        async (page, next) => {
          const run = drive(8, next, () => page);
          await Promise.race([run.settled, new Promise((resolve) => setTimeout(resolve, 20))]);
          expect(run.written).toEqual(run.written.map((_, index) => next + index));
          run.subscription.end();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('rows that come twice from the tail are written once', () => {
    const run = drive(0, 1, () => []);
    run.feed.extend([rowAt(1), rowAt(2)]);
    run.feed.extend([rowAt(1), rowAt(2), rowAt(3)]);
    expect(run.written).toEqual([1, 2, 3]);
  });
});

describe('a range that cannot supply the next event is stale (invariant 2)', () => {
  test.each([
    ['that is empty', () => []],
    ['that begins later', () => [5, 6]],
    ['that ends before', () => [1]],
  ])('%s', async (_, page) => {
    const run = drive(6, 3, page);
    await run.settled;
    expect(run.stale).toEqual(['retention_expired']);
    expect(run.written).toEqual([]);
  });

  test('a hole in the middle stops the reader before it', async () => {
    const run = drive(6, 1, (after) => [1, 2, 3, 5, 6].filter((seq) => seq > after));
    await run.settled;
    expect(run.written).toEqual([1, 2, 3]);
    expect(run.stale).toEqual(['retention_expired']);
  });

  test('a tail that jumps ahead is not followed over the hole', async () => {
    const run = drive(2, 3, () => []);
    run.feed.extend([rowAt(5)]);
    await expect.poll(() => run.stale).toEqual(['retention_expired']);
    expect(run.written).toEqual([]);
  });
});

test('a retention that overtakes the tail ends who waits there', async () => {
  const run = drive(2, 3, () => []);
  run.feed.observe({ ...SCRIPTED_HEAD, headSeq: 9n, floorSeq: 9n });
  await expect.poll(() => run.stale).toEqual(['retention_expired']);
});

test('a replay is read page by page and announced when it is complete', async () => {
  const run = drive(1_000, 1, (after) => dense(after, 1_000));
  await run.settled;
  expect(run.written).toEqual(dense(0, 1_000, 1_000));
  expect(run.caughtUpAfter()).toBe(1_000);
  expect(run.journal.reads).toBe(10);
});

test('readers at one position share one query', async () => {
  const journal = scriptedJournal((after) => dense(after, 50));
  const replay = new ReplayReader(journal);
  const feed = new TopicFeed({ ...SCRIPTED_HEAD, headSeq: 50n }, replay);
  const pages = await Promise.all([feed.page(1n), feed.page(1n), feed.page(1n), feed.page(11n)]);
  expect(journal.reads).toBe(2);
  expect(pages[0]).toBe(pages[1]);
});

test('readers at one position share one frame', () => {
  const feed = new TopicFeed(SCRIPTED_HEAD, new ReplayReader(scriptedJournal(() => [])));
  feed.extend([rowAt(1), rowAt(2)]);
  expect(feed.recent(1n)?.count).toBe(2);
  expect(feed.recent(1n)?.frame('binary')).toBe(feed.recent(1n)?.frame('binary'));
});
