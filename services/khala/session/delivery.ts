/** Writes what a connection's subscriptions have to an outbox with room, a bounded turn for each. */
import { TURN_BYTES } from '../limits.ts';
import { messageFrame, type WireFormat } from '../wire/message-frame.ts';
import type { Outbox } from './outbox.ts';
import type { Batch, Subscription } from './subscription.ts';

export interface DeliveryOptions {
  format: WireFormat;
  outbox: Outbox;
  onWritten(subscription: Subscription, events: number, bytes: number): void;
  onCaughtUp(subscription: Subscription): void;
}

export class Delivery {
  readonly #options: DeliveryOptions;
  /** In turn; a subscription without anything at hand is not in it. */
  readonly #ready = new Set<Subscription>();
  #running = false;
  #stopped = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  offer(subscription: Subscription): void {
    if (this.#stopped) return;
    this.#ready.add(subscription);
    this.run();
  }

  withdraw(subscription: Subscription): void {
    this.#ready.delete(subscription);
  }

  /** From here on nothing is delivered. */
  stop(): void {
    this.#stopped = true;
    this.#ready.clear();
  }

  run(): void {
    if (this.#running) return;
    this.#running = true;
    try {
      for (const subscription of this.#ready) {
        if (!this.#options.outbox.hasRoom) return;
        this.#ready.delete(subscription);
        if (this.#turn(subscription)) this.#ready.add(subscription);
      }
    } finally {
      this.#running = false;
    }
  }

  /** Says whether the subscription has more. */
  #turn(subscription: Subscription): boolean {
    let turnBytes = 0;
    while (turnBytes < TURN_BYTES && this.#options.outbox.hasRoom) {
      const batch = subscription.take();
      if (batch) turnBytes += this.#write(subscription, batch);
      if (subscription.takeCaughtUp()) this.#announce(subscription);
      if (!batch) return false;
    }
    return true;
  }

  #write(subscription: Subscription, batch: Batch): number {
    const frame = subscription.feed?.frame(this.#options.format, batch);
    if (!frame) return 0;
    this.#options.outbox.write(frame);
    this.#options.onWritten(subscription, batch.length, frame.length);
    return frame.length;
  }

  #announce(subscription: Subscription): void {
    const { topic, epoch, lastSentSeq } = subscription;
    const { format, outbox, onCaughtUp } = this.#options;
    outbox.write(messageFrame(format, { kind: 'caught_up', topic, epoch, seq: lastSentSeq }));
    onCaughtUp(subscription);
  }
}
