/** Whether peers still speak and still read: one timer for all sessions of a node, which looks at a few at a time. */
import type { Outbox } from './outbox.ts';

export interface SessionTiming {
  helloTimeoutMs: number;
  heartbeatIntervalMs: number;
  deadAfterMs: number;
  stalledAfterMs: number;
}

export interface LivenessHost {
  beat(sentAtMs: number): void;
  onDead(): void;
  /** Bytes waited for the whole time and the peer took none: being far behind the head is no offence, this is. */
  onStalled(): void;
}

/** The looks of one interval are spread over so many ticks, so that a node's heartbeats do not leave in one burst. */
const TICKS_MAX = 64;
const TICK_MS_MIN = 10;

export class Liveness {
  readonly #outbox: Outbox;
  readonly #host: LivenessHost;
  #heardAtMs = Date.now();
  #beatAtMs = this.#heardAtMs;
  #takenBytes = 0;
  #takenAtMs = this.#heardAtMs;

  constructor(outbox: Outbox, host: LivenessHost) {
    this.#outbox = outbox;
    this.#host = host;
  }

  heard(): void {
    this.#heardAtMs = Date.now();
  }

  look(timing: SessionTiming, nowMs: number): void {
    const { queuedBytes, takenBytes, hasRoom } = this.#outbox;
    if (queuedBytes === 0 || takenBytes !== this.#takenBytes) {
      this.#takenBytes = takenBytes;
      this.#takenAtMs = nowMs;
    }
    if (nowMs - this.#heardAtMs > timing.deadAfterMs) this.#host.onDead();
    else if (nowMs - this.#takenAtMs >= timing.stalledAfterMs) this.#host.onStalled();
    else if (nowMs - this.#beatAtMs >= timing.heartbeatIntervalMs && hasRoom) {
      this.#beatAtMs = nowMs;
      this.#host.beat(nowMs);
    }
  }
}

export class LivenessWheel {
  readonly #timing: SessionTiming;
  readonly #tickMs: number;
  readonly #slots: readonly Set<Liveness>[];
  #at = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(timing: SessionTiming) {
    this.#timing = timing;
    const lookEveryMs = Math.min(timing.heartbeatIntervalMs, timing.stalledAfterMs / 2);
    const ticks = Math.max(1, Math.min(TICKS_MAX, Math.floor(lookEveryMs / TICK_MS_MIN)));
    this.#tickMs = lookEveryMs / ticks;
    this.#slots = Array.from({ length: ticks }, () => new Set());
  }

  start(): void {
    this.#timer ??= setInterval(() => this.#tick(), this.#tickMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Its first look comes after a whole interval. Returns how to end it. */
  add(liveness: Liveness): () => void {
    const slot = this.#slots[this.#at];
    slot?.add(liveness);
    return () => slot?.delete(liveness);
  }

  #tick(): void {
    this.#at = (this.#at + 1) % this.#slots.length;
    const nowMs = Date.now();
    for (const liveness of this.#slots[this.#at] ?? []) liveness.look(this.#timing, nowMs);
  }
}
