import { BATCH_BYTES_MAX, BATCH_EVENTS_MAX } from '../limits.ts';
import type { EncodedEvent } from './encoded-event.ts';
import { batchAt, type EventBatch } from './event-batch.ts';

/** A range of one topic as the journal had it, shared by all its readers. */
export class Page {
  /** What it holds once its frames are made. */
  readonly bytes: number;
  readonly #topic: string;
  readonly #events: readonly EncodedEvent[];
  readonly #batches = new Map<bigint, EventBatch | undefined>();

  constructor(topic: string, events: readonly EncodedEvent[]) {
    this.#topic = topic;
    this.#events = events;
    let bytes = 0;
    for (const { update } of events) bytes += update.length;
    this.bytes = 2 * bytes;
  }

  get firstSeq(): bigint | undefined {
    return this.#events[0]?.seq;
  }

  /** Whether a reader can go on from here with `nextSeq`. */
  holds(nextSeq: bigint): boolean {
    const [first, last] = [this.#events[0], this.#events.at(-1)];
    if (!first || !last || nextSeq < first.seq || nextSeq > last.seq) return false;
    return this.batchAt(nextSeq) !== undefined;
  }

  batchAt(nextSeq: bigint): EventBatch | undefined {
    const made = this.#batches.get(nextSeq);
    if (made) return made;
    const batch = batchAt(this.#topic, this.#events, nextSeq, {
      eventsMax: BATCH_EVENTS_MAX,
      bytesMax: BATCH_BYTES_MAX,
    });
    if (batch) this.#batches.set(nextSeq, batch);
    return batch;
  }
}
