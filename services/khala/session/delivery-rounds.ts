/** The node's rounds over connections that have something to write. */
import { ROUND_BYTES_MAX } from '../limits.ts';

export interface Turn {
  /** It waits for its turn; the rounds alone set it. */
  isQueued: boolean;
  /** Writes its share; says how many bytes that were. */
  turn(): number;
  /** There is more, and room for it. */
  readonly isReady: boolean;
}

/**
 * Deficit round robin over connections: each has a turn of the same size, and one with a long replay comes back behind those
 * with a little. Past a bound of bytes the rest waits for the next turn of the event loop, so that a node that replays still
 * hears its hints and its clients.
 */
export class DeliveryRounds {
  #queue: Turn[] = [];
  #running = false;
  readonly #run = () => this.#runRounds();

  add(delivery: Turn): void {
    if (delivery.isQueued) return;
    delivery.isQueued = true;
    this.#queue.push(delivery);
    if (this.#running) return;
    this.#running = true;
    queueMicrotask(this.#run);
  }

  #runRounds(): void {
    let bytes = 0;
    while (this.#queue.length > 0) {
      const round = this.#queue;
      this.#queue = [];
      let taken = 0;
      for (const delivery of round) {
        if (bytes >= ROUND_BYTES_MAX) {
          this.#queue = [...round.slice(taken), ...this.#queue];
          setImmediate(this.#run);
          return;
        }
        taken += 1;
        delivery.isQueued = false;
        bytes += delivery.turn();
        if (delivery.isReady) this.add(delivery);
      }
    }
    this.#running = false;
  }
}
