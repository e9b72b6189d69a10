interface Ring {
  /** What it and the frames made of it hold. */
  readonly ringBytes: number;
  /** Forgets its tail: who still needs it reads it from the journal. */
  cool(): void;
}

/** The tails of all topics of a node: past a bound of bytes the topic that was quiet for the longest time loses its own. */
export class RingBudget {
  readonly #bytesMax: number;
  /** Quiet for the longest time first. */
  readonly #bytesOf = new Map<Ring, number>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get bytes(): number {
    return this.#bytes;
  }

  grew(ring: Ring): void {
    this.remove(ring);
    this.#bytesOf.set(ring, ring.ringBytes);
    this.#bytes += ring.ringBytes;
    for (const quiet of this.#bytesOf.keys()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.remove(quiet);
      quiet.cool();
    }
  }

  remove(ring: Ring): void {
    this.#bytes -= this.#bytesOf.get(ring) ?? 0;
    this.#bytesOf.delete(ring);
  }
}
