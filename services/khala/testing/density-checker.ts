/** Where one topic's record stopped being dense. */
export interface DensityFault {
  topic: string;
  fault: 'lost' | 'doubled' | 'reordered' | 'other_lineage';
  expectedSeq: bigint;
  foundSeq: bigint;
}

interface Recorded {
  topic: string;
  epoch: string;
  seq: bigint;
}

/** Records what a reader applied and says whether it was each event once, in order, without a gap. */
export class DensityChecker {
  readonly faults: DensityFault[] = [];
  readonly #last = new Map<string, { epoch: string; seq: bigint }>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  lastSeq(topic: string): bigint {
    return this.#last.get(topic)?.seq ?? 0n;
  }

  /** A reader begins after `seq`: 0 unless it resumes from an earlier life. */
  begin(topic: string, epoch: string, seq: bigint): void {
    this.#last.set(topic, { epoch, seq });
  }

  record({ topic, epoch, seq }: Recorded): void {
    this.#count += 1;
    const last = this.#last.get(topic) ?? { epoch, seq: 0n };
    const expectedSeq = last.seq + 1n;
    if (epoch !== last.epoch) this.#fault(topic, 'other_lineage', expectedSeq, seq);
    else if (seq === last.seq) this.#fault(topic, 'doubled', expectedSeq, seq);
    else if (seq < last.seq) this.#fault(topic, 'reordered', expectedSeq, seq);
    else if (seq > expectedSeq) this.#fault(topic, 'lost', expectedSeq, seq);
    this.#last.set(topic, { epoch, seq });
  }

  #fault(topic: string, fault: DensityFault['fault'], expectedSeq: bigint, foundSeq: bigint): void {
    this.faults.push({ topic, fault, expectedSeq, foundSeq });
  }
}
