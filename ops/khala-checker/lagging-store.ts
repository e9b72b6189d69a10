import type { Watermark, WatermarkStore } from '#clients/khala/watermark-store.ts';

/** A store whose process can be killed: what was saved last may not have reached the disk. */
export interface LaggingStore {
  /** For one life; after its end that life writes nothing any more. `startOver`: topics that ignore what is stored. */
  attach(startOver: ReadonlyMap<string, Watermark | undefined>): WatermarkStore;
  positionOf(topic: string): Watermark | undefined;
  /** Ends the life in order. */
  detach(): void;
  /** Ends the life; of each topic one of its newest saves survives, as `pick` says. */
  crash(pick: <T>(saves: readonly T[]) => T): void;
}

/** A disk that lags further behind than this many saves would be found by its own tests. */
const SAVES_KEPT = 32;

export function createLaggingStore(): LaggingStore {
  const saves = new Map<string, Watermark[]>();
  let life = 0;
  return {
    attach(startOver) {
      life += 1;
      const own = life;
      for (const [topic, kept] of saves) saves.set(topic, kept.slice(-1));
      for (const [topic, position] of startOver) saves.set(topic, position ? [position] : []);
      return {
        async load(topic) {
          return saves.get(topic)?.at(-1);
        },
        async save(topic, watermark) {
          if (own !== life) return;
          const kept = saves.get(topic) ?? [];
          kept.push(watermark);
          if (kept.length > SAVES_KEPT) kept.shift();
          saves.set(topic, kept);
        },
        async forget(topic) {
          if (own === life) saves.delete(topic);
        },
      };
    },
    positionOf: (topic) => saves.get(topic)?.at(-1),
    detach() {
      life += 1;
    },
    crash(pick) {
      life += 1;
      for (const [topic, kept] of saves) if (kept.length > 0) saves.set(topic, [pick(kept)]);
    },
  };
}
