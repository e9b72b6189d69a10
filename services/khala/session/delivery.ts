/**
 * Writes what a connection's subscriptions have to an outbox with room.
 *
 * 1. Deficit round robin over topics: each has a turn of the same size, and what a large event took beyond it is owed.
 * 2. At most a few subscriptions hold a page of history at a time, and none while the peer does not read.
 */
import { PAGES_PER_CONNECTION_MAX, TOPIC_TURN_BYTES, TURN_BYTES } from '../limits.ts';
import { messageFrame, type WireFormat } from '../wire/message-frame.ts';
import type { DeliveryRounds, Turn } from './delivery-rounds.ts';
import type { Outbox } from './outbox.ts';
import type { Subscription } from './subscription.ts';

export interface DeliveryOptions {
  format: WireFormat;
  outbox: Outbox;
  rounds: DeliveryRounds;
  onWritten(subscription: Subscription, events: number, bytes: number): void;
  onCaughtUp(subscription: Subscription): void;
}

export class Delivery implements Turn {
  isQueued = false;
  readonly #options: DeliveryOptions;
  readonly #outbox: Outbox;
  /** In turn; a subscription without anything at hand is not in it. */
  #ready: Subscription[] = [];
  /** Those that wait for a page of history, in turn, and those that hold one or are being read one. */
  #wanting: Set<Subscription> | undefined;
  #reading: Set<Subscription> | undefined;
  #owedBytes = 0;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
    this.#outbox = options.outbox;
  }

  get isReady(): boolean {
    return this.#ready.length > 0 && this.#outbox.hasRoom;
  }

  offer(subscription: Subscription): void {
    if (this.#stopped) return;
    this.#queue(subscription);
    if (this.#outbox.hasRoom) this.#options.rounds.add(this);
    else subscription.forgetPage();
  }

  #queue(subscription: Subscription): void {
    if (subscription.isQueued) return;
    subscription.isQueued = true;
    this.#ready.push(subscription);
  }

  /** The subscription has to read what is older than the tail. */
  wantPage(subscription: Subscription): void {
    if (this.#stopped || this.#reading?.has(subscription)) return;
    this.#wanting ??= new Set();
    this.#wanting.add(subscription);
    this.#readPages();
  }

  /** It read nothing, or is done with what it read. */
  releasePage(subscription: Subscription): void {
    if (this.#reading?.delete(subscription)) this.#readPages();
  }

  withdraw(subscription: Subscription): void {
    if (subscription.isQueued) this.#ready = this.#ready.filter((ready) => ready !== subscription);
    subscription.isQueued = false;
    this.#wanting?.delete(subscription);
    this.releasePage(subscription);
  }

  /** From here on nothing is delivered. */
  stop(): void {
    this.#stopped = true;
    this.#ready = [];
    this.#wanting = undefined;
  }

  run(): void {
    if (this.isReady) this.#options.rounds.add(this);
  }

  turn(): number {
    const outbox = this.#outbox;
    this.#owedBytes = Math.max(0, this.#owedBytes - TURN_BYTES);
    let bytes = 0;
    while (this.#owedBytes + bytes < TURN_BYTES && outbox.hasRoom) {
      const subscription = this.#ready.shift();
      if (!subscription) break;
      subscription.isQueued = false;
      bytes += this.#serve(subscription);
    }
    this.#owedBytes = this.#ready.length > 0 ? this.#owedBytes + bytes : 0;
    outbox.flush();
    if (this.#reading && !outbox.hasRoom) this.#forgetPages();
    return bytes;
  }

  #serve(subscription: Subscription): number {
    let owedBytes = Math.max(0, subscription.owedBytes - TOPIC_TURN_BYTES);
    let bytes = 0;
    while (owedBytes < TOPIC_TURN_BYTES && this.#outbox.hasRoom) {
      const written = this.#writeNext(subscription);
      bytes += written;
      owedBytes += written;
      if (written > 0 && subscription.hasNext) continue;
      subscription.owedBytes = 0;
      return bytes;
    }
    subscription.owedBytes = owedBytes;
    if (!this.#stopped) this.#queue(subscription);
    return bytes;
  }

  #writeNext(subscription: Subscription): number {
    const batch = subscription.take();
    if (!batch) {
      if (subscription.takeCaughtUp()) this.#announce(subscription);
      return 0;
    }
    const frame = batch.frame(this.#options.format);
    this.#outbox.add(frame);
    this.#options.onWritten(subscription, batch.count, frame.length);
    if (subscription.takeCaughtUp()) this.#announce(subscription);
    return frame.length;
  }

  #announce(subscription: Subscription): void {
    const { topic, epoch, lastSentSeq } = subscription;
    const { format, onCaughtUp } = this.#options;
    this.#outbox.add(messageFrame(format, { kind: 'caught_up', topic, epoch, seq: lastSentSeq }));
    onCaughtUp(subscription);
  }

  #readPages(): void {
    for (const subscription of this.#wanting ?? []) {
      this.#reading ??= new Set();
      if (this.#reading.size >= PAGES_PER_CONNECTION_MAX) return;
      this.#wanting?.delete(subscription);
      this.#reading.add(subscription);
      void subscription.readPage();
    }
  }

  /** The peer does not read: a position is a number, a page is memory. */
  #forgetPages(): void {
    for (const subscription of [...(this.#reading ?? [])]) subscription.forgetPage();
  }
}
