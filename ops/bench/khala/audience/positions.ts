import { monotonicUs } from '../monotonic.ts';
import type { Arrival } from './requests.ts';
import type { ScannedUpdates } from './scan-updates.ts';

/** What one socket has received of its topics: each seq once, in order, or a fault. */
export class Positions {
  readonly faults: string[] = [];
  /** Kept where the group is timed. */
  readonly arrivals: Arrival[] | undefined;
  events = 0;
  readonly #last = new Map<string, number>();

  constructor(timed: boolean) {
    this.arrivals = timed ? [] : undefined;
  }

  begin(topic: string, afterSeq: number): void {
    this.#last.set(topic, afterSeq);
  }

  record({ topic, seqs }: ScannedUpdates): void {
    let last = this.#last.get(topic) ?? 0;
    const atUs = this.arrivals ? monotonicUs() : 0;
    for (const seq of seqs) {
      if (seq !== last + 1) this.faults.push(`${topic}: ${seq} after ${last}`);
      last = seq;
      this.arrivals?.push({ topic, seq, atUs });
    }
    this.events += seqs.length;
    this.#last.set(topic, last);
  }

  /** Each of these topics is at its seq; past it is a fault. */
  isAt(last: Readonly<Record<string, number>>): boolean {
    return [...this.#last].every(([topic, seq]) => {
      const wanted = last[topic];
      if (wanted !== undefined && seq > wanted) this.faults.push(`${topic}: ${seq} past ${wanted}`);
      return wanted === undefined || seq >= wanted;
    });
  }
}
