import { describe, expect, test } from 'vitest';
import { ReplayReader } from '../feed/replay-reader.ts';
import { TopicFeed } from '../feed/topic-feed.ts';
import type { JournalReader, JournalRow, PageBounds } from '../journal/journal-reader.ts';
import {
  OUTBOX_BYTES_MAX,
  PAGE_EVENTS_MAX,
  PAGES_PER_CONNECTION_MAX,
  TURN_BYTES,
} from '../limits.ts';
import { scriptedConnection } from '../testing/scripted-connection.ts';
import { rowAt, SCRIPTED_HEAD } from '../testing/scripted-journal.ts';
import { DeliveryRounds } from './delivery-rounds.ts';
import { QueueBudget } from './queue-budget.ts';

const PAYLOAD_BYTES = 1_000;

/** Dense topics of any length, and how often and for how many pages at once it was asked. */
function longJournal(headSeq: number, payloadBytes = PAYLOAD_BYTES) {
  const payload = Buffer.alloc(payloadBytes, 'x');
  const reads: number[] = [];
  const journal: JournalReader = {
    headsByTopic: async () => [],
    headsById: async () => [],
    async readAfter(positions, bounds: PageBounds) {
      reads.push(positions.length);
      await new Promise((resolve) => setImmediate(resolve));
      return positions.flatMap(({ topicId, afterSeq }): JournalRow[] => {
        const first = Number(afterSeq) + 1;
        const last = Math.min(headSeq, Number(afterSeq) + bounds.rowsMax);
        return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => ({
          ...rowAt(first + index, topicId),
          payload,
        }));
      });
    },
  };
  const replay = new ReplayReader(journal);
  return {
    reads,
    replay,
    feed: (id: number, head = headSeq) =>
      new TopicFeed(
        { ...SCRIPTED_HEAD, topicId: BigInt(id), topic: `t${id}`, headSeq: BigInt(head) },
        replay,
      ),
  };
}

/** On a machine that does much else. */
const PATIENCE = { timeout: 25_000 };

function bytesOf(writes: readonly { bytes: number }[] = []): number {
  return writes.reduce((sum, { bytes }) => sum + bytes, 0);
}

test('1,000 clients at one watermark cost one query and one frame', async () => {
  const { feed, reads } = longJournal(40, 10);
  const rounds = new DeliveryRounds();
  const budget = new QueueBudget();
  const topic = feed(1);
  const connections = Array.from({ length: 1_000 }, () => scriptedConnection(rounds, budget));
  for (const connection of connections) connection.subscribe(topic, 11n);
  await expect.poll(() => connections.every(({ frames }) => frames.length >= 2)).toBe(true);
  expect(reads).toEqual([1]);
  const [first] = connections;
  expect(first?.taken()).toEqual(['t1@11-40']);
  // The very same bytes, not a copy for each.
  expect(new Set(connections.map(({ frames }) => frames[0])).size).toBe(1);
});

test('who comes to a position a little later finds its page at hand', async () => {
  const { feed, reads } = longJournal(40, 10);
  const rounds = new DeliveryRounds();
  const budget = new QueueBudget();
  const topic = feed(1);
  const early = scriptedConnection(rounds, budget);
  early.subscribe(topic, 11n);
  await expect.poll(early.taken).toEqual(['t1@11-40']);
  const late = scriptedConnection(rounds, budget);
  late.subscribe(topic, 11n);
  const behind = scriptedConnection(rounds, budget);
  behind.subscribe(topic, 25n);
  await expect.poll(() => [late.taken(), behind.taken()]).toEqual([['t1@11-40'], ['t1@25-40']]);
  expect(reads).toEqual([1]);
});

test('a page of one lineage is not given to a reader of another', async () => {
  const { feed, reads, replay } = longJournal(40, 10);
  const topic = feed(1);
  await topic.page(11n);
  const restored = new TopicFeed({ ...topic.head, epoch: 'e2' }, replay);
  await restored.page(11n);
  expect(reads).toEqual([1, 1]);
});

test('pages that are waited for at once are read together', async () => {
  const { feed, reads } = longJournal(40, 10);
  const rounds = new DeliveryRounds();
  const budget = new QueueBudget();
  const connections = Array.from({ length: 32 }, (_, id) => {
    const connection = scriptedConnection(rounds, budget);
    connection.subscribe(feed(id), 1n);
    return connection;
  });
  await expect.poll(() => connections.every(({ frames }) => frames.length >= 2)).toBe(true);
  expect(reads.length).toBeLessThanOrEqual(4);
});

test('events of one tick are one frame and one write for all their readers', async () => {
  const { feed } = longJournal(0);
  const rounds = new DeliveryRounds();
  const budget = new QueueBudget();
  const topic = feed(1);
  const connections = Array.from({ length: 3 }, () => scriptedConnection(rounds, budget));
  for (const connection of connections) connection.subscribe(topic, 1n);
  await new Promise((resolve) => setImmediate(resolve));
  for (const { frames } of connections) frames.length = 0;
  topic.extend([rowAt(1), rowAt(2)]);
  topic.extend([rowAt(3)]);
  await new Promise((resolve) => setImmediate(resolve));
  for (const connection of connections) expect(connection.taken()).toEqual(['t1@1-3']);
  expect(new Set(connections.map(({ frames }) => frames[0])).size).toBe(1);
});

describe('turns', () => {
  test('a huge replay on one connection does not hold up another', async () => {
    const { feed } = longJournal(8_000);
    const rounds = new DeliveryRounds();
    const budget = new QueueBudget();
    const order: { who: string; bytes: number }[] = [];
    const huge = scriptedConnection(rounds, budget, order, 'huge');
    const small = scriptedConnection(rounds, budget, order, 'small');
    const replay = huge.subscribe(feed(1), 1n);
    await expect.poll(() => huge.frames.length, PATIENCE).toBeGreaterThan(0);
    const before = order.length;
    const tail = small.subscribe(feed(2), 7_991n);
    await expect.poll(() => tail.lastSentSeq, PATIENCE).toBe(8_000n);
    const passed = order.slice(
      before,
      order.findIndex(({ who }) => who === 'small'),
    );
    // Its page has to be read first, and the other one goes on meanwhile; but not further than a few pages of its own.
    expect(bytesOf(passed)).toBeLessThan(20 * TURN_BYTES);
    await expect.poll(() => replay.lastSentSeq, PATIENCE).toBe(8_000n);
  });

  test('connections with as much to read get as much', async () => {
    const { feed } = longJournal(2_000);
    const rounds = new DeliveryRounds();
    const budget = new QueueBudget();
    const order: { who: string; bytes: number }[] = [];
    const one = scriptedConnection(rounds, budget, order, 'one');
    const many = scriptedConnection(rounds, budget, order, 'many');
    const topics = Array.from({ length: 20 }, (_, id) => many.subscribe(feed(id), 1n));
    const alone = one.subscribe(feed(21), 1n);
    await expect.poll(() => alone.lastSentSeq, PATIENCE).toBe(2_000n);
    const last = order.findLastIndex(({ who }) => who === 'one');
    const until = Map.groupBy(order.slice(0, last), ({ who }) => who);
    // Two pages at a time against one; the other eighteen topics wait.
    expect(bytesOf(until.get('many')) / bytesOf(until.get('one'))).toBeLessThan(3);
    for (const topic of topics) await expect.poll(() => topic.lastSentSeq, PATIENCE).toBe(2_000n);
  });

  test('topics of one connection take turns by bytes, also where one has large events', async () => {
    const small = longJournal(2_000);
    const large = longJournal(40, 200_000);
    const rounds = new DeliveryRounds();
    const connection = scriptedConnection(rounds, new QueueBudget());
    connection.stop();
    const ofLarge = connection.subscribe(large.feed(1), 1n);
    const ofSmall = connection.subscribe(small.feed(2), 1n);
    const ahead: number[] = [];
    await expect
      .poll(() => {
        connection.take();
        if (ofLarge.lastSentSeq < 40n && ofSmall.lastSentSeq < 2_000n) {
          ahead.push(Number(ofLarge.lastSentSeq) * 200_000 - Number(ofSmall.lastSentSeq) * 1_000);
        }
        return [ofLarge.lastSentSeq, ofSmall.lastSentSeq];
      }, PATIENCE)
      .toEqual([40n, 2_000n]);
    // Neither is ever more than a few events of the large kind ahead.
    expect(Math.max(...ahead.map(Math.abs))).toBeLessThan(2_500_000);
  });
});

describe('a peer that does not read', () => {
  test('is no longer fed, and costs its queue and no page', async () => {
    const { feed, reads } = longJournal(100_000);
    const rounds = new DeliveryRounds();
    const budget = new QueueBudget();
    const connection = scriptedConnection(rounds, budget);
    connection.stop();
    const subscriptions = Array.from({ length: 50 }, (_, id) => connection.subscribe(feed(id), 1n));
    await expect.poll(() => connection.outbox.hasRoom, PATIENCE).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(connection.outbox.queuedBytes).toBeLessThan(OUTBOX_BYTES_MAX + 2 * TURN_BYTES);
    const readPages = reads.reduce((sum, pages) => sum + pages, 0);
    expect(readPages).toBeLessThanOrEqual(
      PAGES_PER_CONNECTION_MAX + (OUTBOX_BYTES_MAX / (PAGE_EVENTS_MAX * PAYLOAD_BYTES)) * 50,
    );
    expect(subscriptions.some(({ lastSentSeq }) => lastSentSeq > 0n)).toBe(true);
    const frames = connection.frames.length;
    connection.go();
    await expect.poll(() => connection.frames.length, PATIENCE).toBeGreaterThan(frames + 50);
  });

  test('is the first that is no longer fed when the node is full; whoever reads is fed on', async () => {
    const { feed } = longJournal(300);
    const rounds = new DeliveryRounds();
    const budget = new QueueBudget(1_000_000);
    const stuck = Array.from({ length: 40 }, (_, id) => {
      const connection = scriptedConnection(rounds, budget);
      connection.stop();
      return { connection, subscription: connection.subscribe(feed(id), 1n) };
    });
    const looks = setInterval(() => budget.look(), 5);
    const allFull = () => stuck.every(({ connection }) => !connection.outbox.hasRoom);
    await expect.poll(allFull, PATIENCE).toBe(true);
    const reading = scriptedConnection(rounds, budget).subscribe(feed(99), 1n);
    await expect.poll(() => reading.lastSentSeq, PATIENCE).toBe(300n);
    // What fitted, and one batch for each of those that had nothing when there was no room left.
    expect(budget.queuedBytes).toBeLessThan(1_000_000 + 40 * 2 * TURN_BYTES);
    expect(stuck.filter(({ subscription }) => subscription.lastSentSeq < 300n)).not.toEqual([]);
    for (const { connection } of stuck) connection.go();
    const done = () => stuck.every(({ subscription }) => subscription.lastSentSeq === 300n);
    await expect.poll(done, PATIENCE).toBe(true);
    clearInterval(looks);
  });
});
