/**
 * One topic on the reader's side, independent of any socket.
 *
 * 1. Dense: events are applied by `seq`, each exactly `last + 1`; a lower one is dropped, a higher one is a gap that the
 *    client heals by subscribing again after the last received seq.
 * 2. Apply, then advance: the watermark moves only after the application's handler resolved, and the store is never
 *    ahead of it.
 * 3. Bounded: what waits for a slow handler is limited; past the limit the reader asks for a pause, during which the
 *    server holds nothing for it but a number.
 */
import { StaleCursorError } from './errors.ts';
import type { SnapshotRequired, SubscribeOptions, SyncEvent } from './types.ts';
import type { Watermark, WatermarkStore } from './watermark-store.ts';

/** A handler this far behind is slower than the network; more memory would not make it faster. */
const WAITING_EVENTS_MAX = 4_096;
const WAITING_BYTES_MAX = 8 * 1024 * 1024;
/** Resuming earlier would alternate between pause and resume on every few events. */
const RESUME_AT_SHARE = 0.25;

type Item =
  | { type: 'event'; event: SyncEvent; bytes: number }
  | { type: 'caught_up'; position: Watermark }
  | { type: 'snapshot_required'; required: SnapshotRequired };

export interface TopicReaderEvents {
  /** The handler fell behind or recovered: stop or restart the topic's flow. */
  onPause(): void;
  onResume(): void;
  /** The application named a new position after a snapshot. */
  onRepositioned(): void;
  /** Nothing more will be applied. */
  onFault(error: unknown): void;
}

export type Offer = 'taken' | 'duplicate' | 'gap' | 'paused';

export class TopicReader {
  readonly topic: string;
  readonly #options: SubscribeOptions;
  readonly #apply: (event: SyncEvent) => void | Promise<void>;
  readonly #store: WatermarkStore;
  readonly #events: TopicReaderEvents;
  readonly #waiting: Item[] = [];
  #waitingBytes = 0;
  #paused = false;
  #running = false;
  #ended = false;
  #received: Watermark | undefined;
  #applied: Watermark | undefined;
  #storing: Promise<void> | undefined;
  #stored: Watermark | undefined;
  #storeFault: unknown;

  constructor(
    topic: string,
    options: SubscribeOptions,
    apply: (event: SyncEvent) => void | Promise<void>,
    store: WatermarkStore,
    events: TopicReaderEvents,
  ) {
    this.topic = topic;
    this.#options = options;
    this.#apply = apply;
    this.#store = store;
    this.#events = events;
  }

  /** Settles where to begin. Nothing is offered before it resolved. */
  async open(): Promise<void> {
    const from = this.#options.from ?? 'stored';
    const start = from === 'stored' ? await this.#store.load(this.topic) : from;
    this.#reposition(start === 'beginning' ? undefined : start);
  }

  get position(): Watermark | undefined {
    return this.#applied;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /** Where the server continues: after what was received, since that waits here and will be applied. */
  get cursor(): Watermark | undefined {
    return this.#received;
  }

  /** The server's answer to the subscription. A reader without a position adopts the lineage it names. */
  began(epoch: string, nextSeq: bigint): Offer {
    this.#received ??= { epoch, seq: nextSeq - 1n };
    return this.#received.epoch === epoch && this.#received.seq + 1n === nextSeq ? 'taken' : 'gap';
  }

  offer(event: SyncEvent, bytes: number): Offer {
    if (this.#paused || this.#ended) return 'paused';
    const received = this.#received;
    if (!received || received.epoch !== event.epoch || event.seq > received.seq + 1n) return 'gap';
    if (event.seq <= received.seq) return 'duplicate';
    this.#received = { epoch: event.epoch, seq: event.seq };
    this.#waitingBytes += bytes;
    this.#push({ type: 'event', event, bytes });
    if (this.#waiting.length > WAITING_EVENTS_MAX || this.#waitingBytes > WAITING_BYTES_MAX) {
      this.#paused = true;
      this.#events.onPause();
    }
    return 'taken';
  }

  /** A gap where the server has sent more than arrived here. */
  caughtUp(position: Watermark): Offer {
    if (this.#paused || this.#ended) return 'paused';
    if ((this.#received?.seq ?? 0n) < position.seq) return 'gap';
    this.#push({ type: 'caught_up', position });
    return 'taken';
  }

  snapshotRequired(required: SnapshotRequired): void {
    this.#push({ type: 'snapshot_required', required });
  }

  /** Waits until what was applied is stored; what merely waits is dropped and comes again in the next life. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#waiting.length = 0;
    await this.#storing;
    if (this.#storeFault) throw this.#storeFault;
  }

  #push(item: Item): void {
    this.#waiting.push(item);
    if (!this.#running) void this.#run();
  }

  async #run(): Promise<void> {
    this.#running = true;
    try {
      for (let item = this.#waiting.shift(); item; item = this.#waiting.shift()) {
        await this.#take(item);
        if (this.#ended) return;
      }
    } catch (error) {
      this.#ended = true;
      this.#waiting.length = 0;
      this.#events.onFault(error);
    } finally {
      this.#running = false;
    }
  }

  async #take(item: Item): Promise<void> {
    switch (item.type) {
      case 'event': {
        const applying = this.#apply(item.event);
        if (applying) await applying;
        this.#waitingBytes -= item.bytes;
        this.#advance({ epoch: item.event.epoch, seq: item.event.seq });
        this.#resumeIfDrained();
        return;
      }
      case 'caught_up':
        this.#options.onCaughtUp?.(item.position);
        return;
      case 'snapshot_required': {
        const { onSnapshotRequired } = this.#options;
        if (!onSnapshotRequired) throw new StaleCursorError(item.required);
        const start = await onSnapshotRequired(item.required);
        if (start === 'beginning') {
          await this.#store.forget(this.topic);
          this.#reposition(undefined);
        } else {
          this.#received = start;
          this.#advance(start);
        }
        this.#events.onRepositioned();
        return;
      }
    }
  }

  #reposition(position: Watermark | undefined): void {
    this.#received = position;
    this.#applied = position;
    this.#stored = position;
  }

  #resumeIfDrained(): void {
    if (!this.#paused || this.#waiting.length > WAITING_EVENTS_MAX * RESUME_AT_SHARE) return;
    if (this.#waitingBytes > WAITING_BYTES_MAX * RESUME_AT_SHARE) return;
    this.#paused = false;
    this.#events.onResume();
  }

  #advance(position: Watermark): void {
    this.#applied = position;
    this.#storing ??= this.#storeLatest();
  }

  /** One write at a time, always of the newest value: a slow disk makes the store lag, not the stream. */
  async #storeLatest(): Promise<void> {
    while (this.#applied && this.#applied !== this.#stored) {
      const target = this.#applied;
      try {
        await this.#store.save(this.topic, target);
        this.#storeFault = undefined;
      } catch (error) {
        // A lagging store is allowed; the next advance tries again, and `close` reports the last failure.
        this.#storeFault = error;
      }
      this.#stored = target;
    }
    // Here and not in a later microtask: an advance in between would find nobody to store it.
    this.#storing = undefined;
  }
}
