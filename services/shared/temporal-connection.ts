import { setTimeout as delay } from 'node:timers/promises';
import { Connection, defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client';

export interface TemporalConnection {
  connection: Connection;
  /** Lets no call be tried again, waits for tries that are already due, and closes. */
  close(): Promise<void>;
}

/** Short enough to wait for at the end, long enough not to storm a server that comes back. */
const RETRY_DELAY_MS_MAX = 250;
const RETRY_SLACK_MS = 50;

/**
 * A connection that may be closed at any time. The client's own retries run on timers that outlive its connection, and a
 * try on a closed one is thrown where nobody can catch it.
 */
export function openTemporalConnection(address: string): TemporalConnection {
  const defaults = defaultGrpcRetryOptions({ maxIntervalMs: () => RETRY_DELAY_MS_MAX });
  let closing = false;
  const connection = Connection.lazy({
    address,
    interceptors: [
      makeGrpcRetryInterceptor({
        retryableDecider: (attempt, status) =>
          !closing && defaults.retryableDecider(attempt, status),
        delayFunction: (attempt, status) =>
          Math.min(defaults.delayFunction(attempt, status), RETRY_DELAY_MS_MAX),
      }),
    ],
  });
  return {
    connection,
    async close() {
      closing = true;
      await delay(RETRY_DELAY_MS_MAX + RETRY_SLACK_MS);
      await connection.close();
    },
  };
}
