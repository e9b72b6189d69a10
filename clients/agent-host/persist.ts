import { setTimeout as delay } from 'node:timers/promises';
import { ApiError } from '../api/errors.ts';
import { backoffMs } from '../api/transport.ts';
import type { HostLog } from './publisher.ts';

/** A retry counter that keeps the delay at its maximum during a long outage. */
const ATTEMPT_MAX = 16;

/**
 * Does `work` until the platform has answered, however long it is away; `what` is said once. Throws what no repetition
 * can mend, and the signal's reason when it aborts.
 */
export async function persist<T>(
  what: string,
  work: () => Promise<T>,
  { log, signal }: { log: HostLog; signal: AbortSignal },
): Promise<T> {
  for (let attempt = 1; ; attempt = Math.min(attempt + 1, ATTEMPT_MAX)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || !error.retryable) throw error;
      if (attempt === 1) log.warn(`${what} waits: ${error.message}`);
      const waitMs = (error.retryAfterMs ?? 0) + backoffMs(attempt, Math.random);
      await delay(waitMs, undefined, { signal });
    }
  }
}
