import { OUTBOX_BYTES_MAX, OUTBOX_SHARE, QUEUED_BYTES_MAX } from '../limits.ts';

/** What one peer has not taken yet. */
export interface Backlog {
  readonly queuedBytes: number;
  onRoom(): void;
}

/**
 * Bytes that wait for all peers of a node. The fuller it is, the less may wait for one of them; when it is full, a batch is
 * given only to a peer that has taken everything before. So whoever reads hardly notices, and whoever does not is the first
 * that is no longer fed.
 */
export class QueueBudget {
  readonly #backlogs = new Set<Backlog>();
  readonly #queuedBytesMax: number;
  #queuedBytes = 0;
  #bytesMax = OUTBOX_BYTES_MAX;

  constructor(queuedBytesMax = QUEUED_BYTES_MAX) {
    this.#queuedBytesMax = queuedBytesMax;
  }

  /** How much may wait for one peer now. */
  get bytesMax(): number {
    return this.#bytesMax;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** A peer did not take these bytes at once. */
  add(backlog: Backlog, bytes: number): void {
    this.#backlogs.add(backlog);
    this.#set(this.#queuedBytes + bytes);
  }

  remove(backlog: Backlog): void {
    this.#backlogs.delete(backlog);
  }

  /** Finds what was taken since: between two looks the sum errs to the safe side. */
  look(): void {
    let sum = 0;
    const taken: Backlog[] = [];
    for (const backlog of this.#backlogs) {
      const { queuedBytes } = backlog;
      if (queuedBytes === 0) taken.push(backlog);
      sum += queuedBytes;
    }
    this.#set(sum);
    for (const backlog of taken) {
      this.#backlogs.delete(backlog);
      // A socket whose queue was short tells nobody that it is empty.
      backlog.onRoom();
    }
  }

  #set(queuedBytes: number): void {
    this.#queuedBytes = queuedBytes;
    const share = (this.#queuedBytesMax - queuedBytes) / OUTBOX_SHARE;
    this.#bytesMax = Math.min(OUTBOX_BYTES_MAX, Math.max(0, share));
  }
}
