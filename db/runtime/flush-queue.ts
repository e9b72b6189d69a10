/**
 * Gathers items while earlier ones are being flushed, so that one commit carries many.
 *
 * 1. Items of one group are flushed in the order they came; a group is never in two flushes at once.
 * 2. Two items with a common key are never in one flush.
 * 3. At most `lanes` flushes run at once, each bounded by `countMax` and `bytesMax`.
 */
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
  lanes: number;
  countMax: number;
  bytesMax: number;
  waitingMax: number;
}

export function createFlushQueue<T extends FlushItem>(
  options: FlushQueueOptions<T>,
): FlushQueue<T> {
  let waiting: T[] = [];
  const busyGroups = new Set<string>();
  const flights = new Set<Promise<void>>();

  /** What comes first and may fly now; the rest keeps its order. */
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
      const blocked = busyGroups.has(item.group) || held.has(item.group);
      if (full || blocked || item.keys.some((key) => keys.has(key))) {
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

  function launch(): void {
    while (waiting.length > 0 && flights.size < options.lanes) {
      const batch = takeBatch();
      if (batch.length === 0) return;
      const groups = new Set(batch.map((item) => item.group));
      for (const group of groups) busyGroups.add(group);
      const flight = options.flush(batch).finally(() => {
        flights.delete(flight);
        for (const group of groups) busyGroups.delete(group);
        launch();
      });
      flights.add(flight);
    }
  }

  return {
    push(item) {
      if (waiting.length >= options.waitingMax) return false;
      waiting.push(item);
      // In the next microtask, so that steps of one tick share a flush.
      if (flights.size < options.lanes) queueMicrotask(launch);
      return true;
    },
    async drain() {
      while (waiting.length > 0 || flights.size > 0) {
        launch();
        await Promise.all(flights);
      }
    },
  };
}
