import type { Logger } from 'pino';
import type { Sql } from '#db/connect.ts';
import { deleteOldChallenges } from '#db/control/challenges.ts';
import { deleteExpiredKeys } from '#db/control/idempotency-keys.ts';
import { deleteExpiredNonces } from '#db/control/internal-nonces.ts';
import { deleteStaleWindows } from '#db/control/rate-limits.ts';
import { deleteExpiredTokens } from '#db/control/refresh-tokens.ts';
import { after } from './sessions/session-policy.ts';

/** Nothing here is read once it is old; how soon it goes is a matter of disk alone. */
const INTERVAL_MS = 10 * 60_000;

const HOUR_MS = 60 * 60_000;

/** Windows are a minute long, and a limit looks back over two. */
const WINDOW_KEPT_MS = HOUR_MS;

const CHALLENGE_KEPT_MS = 24 * HOUR_MS;

/** Deletes what has expired. Two replicas at once only find less to do. */
export async function clean(sql: Sql, now: Date): Promise<void> {
  await deleteExpiredKeys(sql, now);
  await deleteExpiredNonces(sql, now);
  await deleteStaleWindows(sql, after(now, -WINDOW_KEPT_MS));
  await deleteOldChallenges(sql, after(now, -CHALLENGE_KEPT_MS));
  await deleteExpiredTokens(sql, now);
}

/** Cleans now and then, as long as the process lives. */
export function startHousekeeping(deps: { sql: Sql; now: () => Date; logger: Logger }) {
  const { sql, now, logger } = deps;
  const timer = setInterval(() => {
    clean(sql, now()).catch((error: unknown) => {
      logger.warn({ err: error }, 'housekeeping failed and will be tried again');
    });
  }, INTERVAL_MS);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
