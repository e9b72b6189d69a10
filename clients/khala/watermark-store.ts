/** Where a reader stands in one topic: everything up to and including `seq` of lineage `epoch` is applied. */
export interface Watermark {
  epoch: string;
  seq: bigint;
}

/**
 * Keeps watermarks between two lives of a client. An implementation is bound to one user, organisation and device:
 * what one principal applied says nothing about another. `save` resolves once the value survives a crash; a store may
 * lag behind what was applied (the events in between come again and are applied again), never lead it.
 */
export interface WatermarkStore {
  load(topic: string): Promise<Watermark | undefined>;
  save(topic: string, watermark: Watermark): Promise<void>;
  forget(topic: string): Promise<void>;
}

/** Lives as long as the page or the process: for viewers that start from the beginning each time, and for tests. */
export function createMemoryStore(): WatermarkStore {
  const watermarks = new Map<string, Watermark>();
  return {
    async load(topic) {
      return watermarks.get(topic);
    },
    async save(topic, watermark) {
      watermarks.set(topic, watermark);
    },
    async forget(topic) {
      watermarks.delete(topic);
    },
  };
}
