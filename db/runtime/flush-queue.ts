/**
 * Gathers items while earlier ones are being flushed, so that one commit carries many.
 *
 * 1. One flush is under way at a time, bounded by `countMax` and `bytesMax`.
 * 2. Items of one group are flushed in the order they came.
 * 3. Two items with a common key are never in one flush.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

export interface FlushItem {
  group: string;
  keys: readonly string[];
  bytes: number;
}

export interface FlushQueue<T extends FlushItem> {
  /** False when the queue is full; the item was not taken. */
  push(item: T): boolean;
  /** Resolves when everything that was pushed has been flushed. */
  drain(): Promise<void>;
}

export interface FlushQueueOptions<T extends FlushItem> {
  /** Settles its items itself and never rejects. */
  flush: (items: T[]) => Promise<void>;
  countMax: number;
  bytesMax: number;
  waitingMax: number;
}

export function createFlushQueue<T extends FlushItem>(
  options: FlushQueueOptions<T>,
): FlushQueue<T> {
  let waiting: T[] = [];
  let flushing: Promise<void> | undefined;

  /** What comes first and fits; the rest keeps its order. */
  function takeBatch(): T[] {
    const batch: T[] = [];
    const left: T[] = [];
    const held = new Set<string>();
    const keys = new Set<string>();
    let bytes = 0;
    for (const item of waiting) {
      const full =
        batch.length >= options.countMax ||
        (batch.length > 0 && bytes + item.bytes > options.bytesMax);
      if (full || held.has(item.group) || item.keys.some((key) => keys.has(key))) {
        held.add(item.group);
        left.push(item);
        continue;
      }
      for (const key of item.keys) keys.add(key);
      bytes += item.bytes;
      batch.push(item);
    }
    waiting = left;
    return batch;
  }

  async function flushAll(): Promise<void> {
    while (waiting.length > 0) {
      // A turn of the event loop, so that everyone whom the last flush answered can ask again and share the next one.
      await nextTurn();
      await options.flush(takeBatch());
    }
    flushing = undefined;
  }

  return {
    push(item) {
      if (waiting.length >= options.waitingMax) return false;
      waiting.push(item);
      flushing ??= flushAll();
      return true;
    },
    async drain() {
      await flushing;
    },
  };
}
