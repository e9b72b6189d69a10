/** One topic in one life, held against the journal. Pure. */
import type { Watermark } from '#clients/khala/watermark-store.ts';
import { headKnownAt, type TopicTruth } from './journal-truth.ts';
import type { Entry, TopicRecord } from './recording.ts';
import type { FaultClass, Violation } from './violation.ts';

type Applied = Extract<Entry, { type: 'applied' }>;

/** Both clocks are this machine's; ours is cut to whole milliseconds. */
const CLOCK_GRAIN_MS = 1;

export interface RecordOutcome {
  violations: Violation[];
  /** Where the reader stood at the end, and the furthest that it ever stood. */
  lastAt: Watermark | undefined;
  furthestSeq: bigint;
}

export function checkRecord(record: TopicRecord, truth: TopicTruth | undefined): RecordOutcome {
  const violations: Violation[] = [];
  const found = (fault: FaultClass, seq: bigint, detail: string) => {
    const { reader, life, topic } = record;
    violations.push({ fault, reader, life, topic, seq, detail });
  };
  const walk = new Walk(record, truth, found);
  for (const entry of record.entries) walk.take(entry);
  walk.end();
  return { violations, lastAt: walk.lastAt, furthestSeq: walk.furthestSeq };
}

class Walk {
  lastAt: Watermark | undefined;
  furthestSeq: bigint;
  readonly #record: TopicRecord;
  readonly #truth: TopicTruth | undefined;
  readonly #found: (fault: FaultClass, seq: bigint, detail: string) => void;
  /** Passed over and not applied so far. */
  readonly #missing = new Set<bigint>();
  #connectingAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    record: TopicRecord,
    truth: TopicTruth | undefined,
    found: (fault: FaultClass, seq: bigint, detail: string) => void,
  ) {
    this.#record = record;
    this.#truth = truth;
    this.#found = found;
    this.lastAt = record.begunAt;
    this.furthestSeq = record.begunAt?.seq ?? 0n;
  }

  get #lastSeq(): bigint {
    return this.lastAt?.seq ?? 0n;
  }

  take(entry: Entry): void {
    this.#take(entry);
    if (this.#lastSeq > this.furthestSeq) this.furthestSeq = this.#lastSeq;
  }

  #take(entry: Entry): void {
    switch (entry.type) {
      case 'connecting':
        this.#connectingAtMs = entry.atMs;
        return;
      case 'applied':
        this.#place(entry);
        this.#compare(entry);
        return;
      case 'caught_up':
        this.#believe(entry.seq);
        return;
      case 'stale':
        this.#turnedAway(entry.reason);
        this.#reportMissing();
        this.lastAt = entry.goesOnAt;
        return;
    }
  }

  end(): void {
    this.#reportMissing();
    const { ending, reason, granted } = this.#record;
    if (!granted) return;
    if (ending === 'refused' || ending === 'failed') {
      this.#found('refused', this.#lastSeq, `a granted topic ended: ${reason}`);
    }
    const headSeq = this.#truth?.headSeq ?? 0n;
    if (ending === 'completed' && this.#lastSeq < headSeq) {
      this.#found('lost', this.#lastSeq + 1n, `nothing after ${this.#lastSeq} of ${headSeq} came`);
    }
  }

  #place({ epoch, seq }: Applied): void {
    const expectedSeq = this.#lastSeq + 1n;
    if (seq === expectedSeq) {
      this.lastAt = { epoch, seq };
    } else if (seq > expectedSeq) {
      for (let at = expectedSeq; at < seq; at += 1n) this.#missing.add(at);
      this.lastAt = { epoch, seq };
    } else if (this.#missing.delete(seq)) {
      this.#found('reordered', seq, `came after ${this.#lastSeq}`);
    } else {
      this.#found('doubled', seq, `was applied before, up to ${this.#lastSeq}`);
    }
  }

  #compare(applied: Applied): void {
    const { seq, epoch, atMs, claimedSha256, contentSha256 } = applied;
    if (!this.#record.granted) this.#found('foreign', seq, 'the topic was not granted');
    if (applied.topic !== this.#record.topic) {
      this.#found('foreign', seq, `is an event of ${applied.topic}`);
      return;
    }
    const row = this.#truth?.rows.get(seq);
    if (!this.#truth || !row) {
      this.#found('early', seq, 'the journal has no such event: it was seen and never durable');
      return;
    }
    if (atMs + CLOCK_GRAIN_MS < row.committedAtMs) {
      this.#found('early', seq, `seen at ${atMs}, committed at ${row.committedAtMs}`);
      return;
    }
    if (epoch !== this.#truth.epoch) this.#found('foreign', seq, `of another lineage, ${epoch}`);
    if (claimedSha256 !== row.sha256 || contentSha256 !== row.sha256) {
      this.#found('foreign', seq, 'is not what the journal has at this position');
    }
  }

  #believe(caughtUpSeq: bigint): void {
    const knownSeq = this.#truth ? headKnownAt(this.#truth, this.#connectingAtMs) : 0n;
    const [firstMissing] = this.#missing;
    if (firstMissing !== undefined) {
      this.#found('hidden_gap', firstMissing, `is missing and ${caughtUpSeq} was called complete`);
    } else if (this.#lastSeq < caughtUpSeq) {
      this.#found('hidden_gap', this.#lastSeq + 1n, `did not come before CAUGHT_UP ${caughtUpSeq}`);
    } else if (caughtUpSeq < knownSeq) {
      this.#found('hidden_gap', caughtUpSeq + 1n, `head was ${knownSeq} before the socket opened`);
    }
  }

  /** Every reason is held against what can be known afterwards; floors and heads only rise. */
  #turnedAway(reason: string): void {
    if (!this.#truth) return;
    const { floorSeq, headSeq, replayBudgetEvents } = this.#truth;
    const seq = this.#lastSeq;
    const impossible =
      reason === 'retention_expired' || reason === 'compacted'
        ? seq >= floorSeq
        : reason === 'replay_budget_exceeded'
          ? headSeq - seq <= BigInt(replayBudgetEvents)
          : reason === 'cursor_ahead'
            ? seq <= headKnownAt(this.#truth, this.#connectingAtMs)
            : (this.lastAt?.epoch ?? this.#truth.epoch) === this.#truth.epoch;
    if (impossible) {
      this.#found('refused', seq, `${reason} for a cursor within ${floorSeq} and ${headSeq}`);
    }
  }

  #reportMissing(): void {
    for (const seq of this.#missing) {
      this.#found('lost', seq, `never came; the reader went on to ${this.#lastSeq}`);
    }
    this.#missing.clear();
  }
}
