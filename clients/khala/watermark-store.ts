import type { JsonValue } from '#proto/canonical.ts';

/** Where a reader stands in one topic: everything up to and including `seq` of lineage `epoch` is applied. */
export interface Watermark {
  epoch: string;
  seq: bigint;
}

/** Whose watermarks these are: what one principal applied says nothing about another. */
export interface StoreNamespace {
  userId: string;
  orgId: string;
  deviceId: string;
}

/**
 * Keeps watermarks between two lives of a client, for one namespace.
 *
 * 1. `save` resolves once the value survives a crash of the program. A store may lag behind what was applied (the
 *    events in between come again and are applied again), never lead it.
 * 2. Schemas only add: a later build may add fields and stores, and writes `schema_version` into each row. An older
 *    build reads of such a row what it knows and writes it with its own version, by which the later one sees, when it
 *    returns, that what it added is behind. So a downgrade loses no watermark, and an upgrade after it no meaning.
 */
export interface WatermarkStore {
  load(topic: string): Promise<Watermark | undefined>;
  save(topic: string, watermark: Watermark): Promise<void>;
  /** Drops the topic's watermark, and its documents where the store holds any. */
  forget(topic: string): Promise<void>;
}

/** What the application keeps of a topic, by key. A key never goes back to an older version. */
export interface SyncDocument {
  docKey: string;
  docVersion: bigint;
  kind: string;
  payload: JsonValue;
}

/** A store that holds the documents beside the watermark, so that both move in one transaction. */
export interface DocumentStore extends WatermarkStore {
  /** Both as one transaction saw them. */
  read(topic: string): Promise<{ watermark: Watermark | undefined; documents: SyncDocument[] }>;
  /**
   * Writes the documents and the watermark, or neither. What another reader of this store has applied already stays
   * as it is, and so does a topic that was replaced by one of another lineage.
   */
  apply(topic: string, watermark: Watermark, documents: readonly SyncDocument[]): Promise<void>;
  /** The documents of a snapshot instead of all that was there. */
  replace(topic: string, watermark: Watermark, documents: readonly SyncDocument[]): Promise<void>;
}

export function holdsDocuments(store: WatermarkStore): store is DocumentStore {
  return 'apply' in store;
}

/** Whether `apply` up to `next` brings something new to a topic that stands at `stored`. */
export function advances(stored: Watermark | undefined, next: Watermark): boolean {
  return !stored || (stored.epoch === next.epoch && stored.seq < next.seq);
}

/** A topic that nobody read for long is worth less than the room: beyond this many the longest untouched are removed. */
export const TOPICS_KEPT_MAX = 2_000;
