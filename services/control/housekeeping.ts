import type { Logger } from 'pino';
import type { Sql } from '#db/connect.ts';
import { deleteExpiredKeys } from '#db/control/idempotency-keys.ts';
import { deleteExpiredNonces } from '#db/control/internal-nonces.ts';
import { deleteStaleWindows } from '#db/control/rate-limits.ts';
import { after } from './sessions/session-policy.ts';

/** Nothing here is read once it is old; how soon it goes is a matter of disk alone. */
const INTERVAL_MS = 10 * 60_000;

/** Windows are a minute long, and a limit looks back over two. */
const WINDOW_KEPT_MS = 60 * 60_000;

/** Deletes what has expired, now and then. Two replicas at once only find less to do. */
export function startHousekeeping(deps: { sql: Sql; now: () => Date; logger: Logger }) {
  const { sql, now, logger } = deps;
  async function clean(): Promise<void> {
    try {
      const at = now();
      await deleteExpiredKeys(sql, at);
      await deleteExpiredNonces(sql, at);
      await deleteStaleWindows(sql, after(at, -WINDOW_KEPT_MS));
    } catch (error) {
      logger.warn({ err: error }, 'housekeeping failed and will be tried again');
    }
  }
  const timer = setInterval(clean, INTERVAL_MS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
