import type { EncodedEvent } from './encoded-event.ts';

/** The newest events of a topic, dense and bounded by count and bytes. */
export class EventRing {
  readonly #eventsMax: number;
  readonly #bytesMax: number;
  #events: EncodedEvent[] = [];
  #bytes = 0;

  constructor(eventsMax: number, bytesMax: number) {
    this.#eventsMax = eventsMax;
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Appends the successor of the last event; anything else begins the ring anew, so that it stays dense. */
  push(event: EncodedEvent): void {
    const last = this.#events.at(-1);
    if (last && event.seq !== last.seq + 1n) this.clear();
    this.#events.push(event);
    this.#bytes += event.update.length;
    let excess = 0;
    while (
      this.#events.length - excess > this.#eventsMax ||
      (this.#bytes > this.#bytesMax && this.#events.length - excess > 1)
    ) {
      this.#bytes -= this.#events[excess]?.update.length ?? 0;
      excess += 1;
    }
    if (excess > 0) this.#events.splice(0, excess);
  }

  /** Events from `seq` on, or nothing where the ring does not reach back to it. */
  from(seq: bigint, eventsMax: number): readonly EncodedEvent[] {
    const first = this.#events[0];
    if (!first || seq < first.seq) return [];
    const start = Number(seq - first.seq);
    return this.#events.slice(start, start + eventsMax);
  }

  clear(): void {
    this.#events = [];
    this.#bytes = 0;
  }
}
