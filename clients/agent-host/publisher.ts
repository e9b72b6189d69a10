import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../api/errors.ts';
import { backoffMs } from '../api/transport.ts';
import type { Spool, SpooledEvent } from './spool.ts';

export interface PublisherDeps {
  /** Appends one batch to the run's log; throws ApiError. */
  post(runId: string, events: SpooledEvent[]): Promise<void>;
  log: HostLog;
}

export interface HostLog {
  info(message: string): void;
  warn(message: string): void;
}

export interface Publisher {
  /** Resolves when everything that was appended before is acknowledged, or the run takes no more. */
  drained(): Promise<void>;
  /** Ends without waiting; what is not acknowledged stays in the spool. */
  stop(): Promise<void>;
}

/** The bounds of one append. */
export const BATCH_EVENTS_MAX = 500;
/** Under the 1 MiB of an append, with room for the envelope around the events. */
export const BATCH_BYTES_MAX = 900 * 1024;
/** Events gather this long, so that a chatty agent makes ten appends a second and not a thousand. */
const GATHER_MS = 100;
/** A retry counter that keeps the delay at its maximum during a long outage. */
const ATTEMPT_MAX = 16;

/**
 * Carries a spool to the run's log: in order, in batches, until acknowledged. Network loss, 503 and 429 only delay; the
 * spool keeps the events. A run that is closed or gone takes no more, and what a contract refuses is left out and said.
 */
export function startPublisher(deps: PublisherDeps, runId: string, spool: Spool): Publisher {
  const stopping = new AbortController();
  const waiters: (() => void)[] = [];
  let failure: unknown;
  let closed = false;
  /** Ends the gathering, because somebody waits. */
  let hurry = new AbortController();

  async function carry(): Promise<void> {
    let attempt = 0;
    while (!stopping.signal.aborted) {
      if (spool.waiting === 0) {
        for (const wake of waiters.splice(0)) wake();
        await spool.untilWaiting(stopping.signal);
        if (waiters.length === 0)
          await pause(GATHER_MS, AbortSignal.any([stopping.signal, hurry.signal]));
        hurry = new AbortController();
        continue;
      }
      const batch = await spool.peek(BATCH_EVENTS_MAX, BATCH_BYTES_MAX);
      try {
        await send(batch);
        attempt = 0;
      } catch (error) {
        if (!(error instanceof ApiError) || !error.retryable) throw error;
        attempt = Math.min(attempt + 1, ATTEMPT_MAX);
        if (attempt === 1) deps.log.warn(`events of ${runId} wait: ${error.message}`);
        await pause((error.retryAfterMs ?? 0) + backoffMs(attempt, Math.random), stopping.signal);
      }
    }
  }

  async function send(batch: SpooledEvent[]): Promise<void> {
    if (!closed) await postOrLeaveOut(batch);
    await spool.acknowledge(batch.length);
  }

  async function postOrLeaveOut(batch: SpooledEvent[]): Promise<void> {
    try {
      await deps.post(runId, batch);
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== 'Validation' || error.retryable)
        throw error;
      if (error.code === 'run_closed' || error.code === 'not_found') {
        closed = true;
        deps.log.info(`${runId} takes no more events: ${error.message}`);
        return;
      }
      if (batch.length === 1) {
        deps.log.warn(`an event of ${runId} was refused and left out: ${error.message}`);
        return;
      }
      // One bad event must not take its neighbours with it.
      for (const event of batch) await postOrLeaveOut([event]);
    }
  }

  const carrying = carry().catch((error: unknown) => {
    failure = error;
    for (const wake of waiters.splice(0)) wake();
  });

  return {
    async drained() {
      while (spool.waiting > 0 && failure === undefined && !stopping.signal.aborted) {
        hurry.abort();
        await new Promise<void>((resolve) => waiters.push(resolve));
      }
      if (failure !== undefined) throw failure;
    },
    async stop() {
      stopping.abort();
      for (const wake of waiters.splice(0)) wake();
      await carrying;
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => undefined);
}
