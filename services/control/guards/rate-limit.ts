import type { Sql } from '#db/connect.ts';
import { countHit } from '#db/control/rate-limits.ts';
import { ProblemError } from '#proto/errors.ts';
import type { Secrets } from '../secrets.ts';

const MINUTE_MS = 60_000;

interface Gate {
  readonly limit: number;
  readonly windowMs: number;
}

/** How often one principal may knock. Each number is in docs/limits.md. */
export const GATES = {
  /** Codes requested from one address: an office behind one address logs in together. */
  auth_email_address: { limit: 30, windowMs: MINUTE_MS },
  /** Codes sent to one mailbox: nobody floods another's inbox. */
  auth_email_mailbox: { limit: 6, windowMs: MINUTE_MS },
  /** Codes tried from one address, on top of the five that a challenge allows. */
  auth_verify_address: { limit: 30, windowMs: MINUTE_MS },
  /** Refreshes from one address: hundreds of devices an hour each, or one broken client. */
  auth_refresh_address: { limit: 300, windowMs: MINUTE_MS },
  /** Sync tokens for one session: one every half second is a client in a loop. */
  sync_token_session: { limit: 120, windowMs: MINUTE_MS },
  /** Posts of telemetry for one session: several clients that gather for half a minute each. */
  sync_telemetry_session: { limit: 60, windowMs: MINUTE_MS },
} as const satisfies Record<string, Gate>;

export type GateName = keyof typeof GATES;

/** @throws ProblemError rate_limited with the time to wait. */
export type PassGate = (gate: GateName, principal: string) => Promise<void>;

/** Gates shared by all replicas: a sliding window estimated from the present and the last one. */
export function createGates(deps: {
  sql: Sql;
  secrets: Pick<Secrets, 'principalHash'>;
  now: () => Date;
  onRefused?: (gate: GateName) => void;
}): PassGate {
  const { sql, secrets, now, onRefused } = deps;
  return async function passGate(gate, principal) {
    const { limit, windowMs } = GATES[gate];
    const at = now();
    const principalHash = secrets.principalHash(`${gate}\n${principal}`);
    const window = await countHit(sql, { gate, principalHash, windowMs, limit, now: at });
    const elapsedMs = Math.max(0, at.getTime() - window.windowStartedAt.getTime());
    const waitMs = waitFor({ ...window, elapsedMs, limit, windowMs });
    if (waitMs === 0) return;
    onRefused?.(gate);
    throw new ProblemError('rate_limited', 'Too many requests; wait a little.', {
      retryAfterMs: waitMs,
    });
  };
}

/**
 * Zero where the hit is within the limit, else the milliseconds until another one will be. The hits of the window
 * before count as if they had been spread evenly over it.
 */
export function waitFor(state: {
  count: number;
  previousCount: number;
  elapsedMs: number;
  limit: number;
  windowMs: number;
}): number {
  const { count, previousCount, elapsedMs, limit, windowMs } = state;
  if (count + previousCount * (1 - elapsedMs / windowMs) <= limit) return 0;
  const roomForNext = limit - (count + 1);
  if (roomForNext >= 0 && previousCount > 0) {
    const freeAtMs = windowMs * (1 - roomForNext / previousCount);
    if (freeAtMs < windowMs) return Math.max(1, Math.ceil(freeAtMs - elapsedMs));
  }
  // Not in this window. In the next one this window's hits, the refused try included, fade until there is room for one.
  const fading = Math.min(count + 1, limit + 1);
  const freeInNextMs = windowMs * Math.max(0, 1 - (limit - 1) / fading);
  return Math.max(1, Math.ceil(windowMs - elapsedMs + freeInNextMs));
}
