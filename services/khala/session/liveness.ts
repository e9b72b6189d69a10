import type { Outbox } from './outbox.ts';

export interface SessionTiming {
  helloTimeoutMs: number;
  heartbeatIntervalMs: number;
  deadAfterMs: number;
  stalledAfterMs: number;
}

/** Whether the peer still speaks, and whether it still reads. */
export interface Liveness {
  start(): void;
  heard(): void;
  stop(): void;
}

export function createLiveness(options: {
  outbox: Outbox;
  timing: SessionTiming;
  beat(sentAtMs: number): void;
  onDead(): void;
  /** Bytes waited for the whole time and the peer took none: being far behind the head is no offence, this is. */
  onStalled(): void;
}): Liveness {
  const { outbox, timing } = options;
  let heardAtMs = Date.now();
  let taken = { bytes: 0, atMs: Date.now() };
  let beatAtMs = Date.now();
  let timer: NodeJS.Timeout | undefined;
  const lookEveryMs = Math.min(timing.heartbeatIntervalMs, timing.stalledAfterMs / 2);

  function look(): void {
    const nowMs = Date.now();
    if (outbox.queuedBytes === 0 || outbox.takenBytes !== taken.bytes) {
      taken = { bytes: outbox.takenBytes, atMs: nowMs };
    }
    if (nowMs - heardAtMs > timing.deadAfterMs) options.onDead();
    else if (nowMs - taken.atMs >= timing.stalledAfterMs) options.onStalled();
    else if (nowMs - beatAtMs >= timing.heartbeatIntervalMs && outbox.hasRoom) {
      beatAtMs = nowMs;
      options.beat(nowMs);
    }
  }

  return {
    start() {
      timer ??= setInterval(look, lookEveryMs);
    },
    heard() {
      heardAtMs = Date.now();
    },
    stop() {
      clearInterval(timer);
    },
  };
}
