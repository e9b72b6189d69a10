import { expect, test } from 'vitest';
import { createFlushQueue, type FlushItem } from './flush-queue.ts';

interface Item extends FlushItem {
  name: string;
}

function item(name: string, more: Partial<Item> = {}): Item {
  return { name, group: name, keys: [], bytes: 1, ...more };
}

function recorder(limits: { countMax?: number; bytesMax?: number; waitingMax?: number } = {}) {
  const flushes: string[][] = [];
  const queue = createFlushQueue<Item>({
    flush: async (items) => {
      flushes.push(items.map((one) => one.name));
      await new Promise((resolve) => setImmediate(resolve));
    },
    ...{ countMax: 10, bytesMax: 100, waitingMax: 10, ...limits },
  });
  return { flushes, queue };
}

test('items of one tick share a flush, and what comes during it shares the next', async () => {
  const { flushes, queue } = recorder();
  queue.push(item('a'));
  queue.push(item('b'));
  await new Promise((resolve) => setTimeout(resolve, 0));
  await queue.drain();
  queue.push(item('c'));
  await new Promise((resolve) => setImmediate(resolve));
  queue.push(item('d'));
  queue.push(item('e'));
  await queue.drain();
  expect(flushes).toEqual([['a', 'b'], ['c'], ['d', 'e']]);
});

test('a flush is bounded by count and by bytes, but takes one item however large', async () => {
  const { flushes, queue } = recorder({ countMax: 2, bytesMax: 10 });
  for (const one of [item('a'), item('b'), item('c'), item('large', { bytes: 50 }), item('d')]) {
    queue.push(one);
  }
  await queue.drain();
  expect(flushes).toEqual([['a', 'b'], ['c', 'd'], ['large']]);
});

test('items with a common key never share a flush, and their group keeps its order', async () => {
  const { flushes, queue } = recorder();
  queue.push(item('first', { group: 'run', keys: ['k'] }));
  queue.push(item('again', { group: 'run', keys: ['k'] }));
  queue.push(item('after', { group: 'run' }));
  queue.push(item('other'));
  await queue.drain();
  expect(flushes).toEqual([
    ['first', 'other'],
    ['again', 'after'],
  ]);
});

test('a full queue refuses', async () => {
  const { queue } = recorder({ waitingMax: 2 });
  expect([queue.push(item('a')), queue.push(item('b')), queue.push(item('c'))]).toEqual([
    true,
    true,
    false,
  ]);
  await queue.drain();
});

test('writers that ask again when they are answered share every flush', async () => {
  const flushes: number[] = [];
  const queue = createFlushQueue<Item & { done: () => void }>({
    flush: async (items) => {
      flushes.push(items.length);
      await new Promise((resolve) => setTimeout(resolve, 1));
      for (const one of items) one.done();
    },
    ...{ countMax: 100, bytesMax: 1_000, waitingMax: 100 },
  });
  const writer = async (name: string) => {
    for (let round = 0; round < 5; round += 1) {
      await new Promise<void>((done) => queue.push({ ...item(name), done }));
    }
  };
  await Promise.all(Array.from({ length: 16 }, (_, index) => writer(`writer ${index}`)));
  expect(flushes).toEqual([16, 16, 16, 16, 16]);
});
