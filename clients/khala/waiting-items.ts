import type { SnapshotRequired, SyncEvent } from './types.ts';
import type { Watermark } from './watermark-store.ts';

/** A handler this far behind is slower than the network; more memory would not make it faster. */
const WAITING_EVENTS_MAX = 4_096;
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
/** Resuming earlier would alternate between pause and resume on every few events. */
const RESUME_AT_SHARE = 0.25;

/** What was received and is taken one after the other. */
export type Item =
  | { type: 'event'; event: SyncEvent; bytes: number }
  | { type: 'caught_up'; position: Watermark }
  /** The topic is read from its first event. */
  | { type: 'empty'; epoch: string }
  /** The events that follow build on this snapshot. */
  | { type: 'snapshot'; epoch: string; path: string }
  | { type: 'snapshot_required'; required: SnapshotRequired };

export class WaitingItems {
  readonly #items: Item[] = [];
  #bytes = 0;
  /** Of the items here and the one that was taken last: what has to be applied before the topic is whole. */
  #unsettled = 0;

  get full(): boolean {
    return this.#items.length > WAITING_EVENTS_MAX || this.#bytes > WAITING_BYTES_MAX;
  }

  get nearlyWorkedOff(): boolean {
    return (
      this.#items.length <= WAITING_EVENTS_MAX * RESUME_AT_SHARE &&
      this.#bytes <= WAITING_BYTES_MAX * RESUME_AT_SHARE
    );
  }

  get settled(): boolean {
    return this.#unsettled === 0;
  }

  push(item: Item): void {
    this.#items.push(item);
    if (item.type === 'event') this.#bytes += item.bytes;
    if (settles(item)) this.#unsettled += 1;
  }

  next(): Item | undefined {
    return this.#items[0];
  }

  /** The first item has been applied. */
  done(item: Item): void {
    // It was cleared away while it was being applied.
    if (this.#items[0] !== item) return;
    this.#items.shift();
    if (item.type === 'event') this.#bytes -= item.bytes;
    if (settles(item)) this.#unsettled -= 1;
  }

  clear(): void {
    this.#items.length = 0;
    this.#bytes = 0;
    this.#unsettled = 0;
  }
}

export function settles({ type }: Item): boolean {
  return type === 'empty' || type === 'snapshot' || type === 'snapshot_required';
}
