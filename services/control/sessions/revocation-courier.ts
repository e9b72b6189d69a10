/** Tells the runtime which sessions and memberships have ended, until it has confirmed each (invariants in `db/control/session-revocations.ts`). */
import type { Logger } from 'pino';
import type { Sql } from '#db/connect.ts';
import {
  claimDueRevocations,
  deferRevocation,
  markRevocationTold,
  type SessionRevocationRow,
} from '#db/control/session-revocations.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { messageOf } from '#proto/validate.ts';
import { writeAudit } from '../guards/audit.ts';
import type { RuntimeClient } from '../runtime-client.ts';
import { after } from './session-policy.ts';

/** What another replica left, or a failed try: found by looking this often. */
const SWEEP_MS = 1_000;

/** Longer than a call may take, so that a row under way is not taken twice. */
const LEASE_MS = 15_000;

const BATCH_SIZE = 20;
const RETRY_FIRST_MS = 250;

/** A revocation that waits longer is an incident, and still tried twice a minute. */
const RETRY_MAX_MS = 30_000;

export interface RevocationCourier {
  /** Looks now instead of at the next sweep. */
  wake(): void;
  /** Ends after the try that is under way. */
  close(): Promise<void>;
}

export interface CourierDeps {
  readonly sql: Sql;
  readonly runtime: Pick<RuntimeClient, 'revokeSync'>;
  readonly logger: Logger;
  readonly now: () => Date;
  readonly sweepMs?: number;
  readonly onTold?: (lagMs: number) => void;
  readonly onFailed?: () => void;
}

export function startRevocationCourier(deps: CourierDeps): RevocationCourier {
  const { logger, sweepMs = SWEEP_MS } = deps;
  let closed = false;
  let awake = Promise.withResolvers<void>();

  async function run(): Promise<void> {
    while (!closed) {
      const wakeUp = awake.promise;
      try {
        await deliverDue(deps);
      } catch (error) {
        logger.warn({ err: error }, 'revocations cannot be read');
      }
      await Promise.race([wakeUp, pause(sweepMs, wakeUp)]);
    }
  }

  function wake(): void {
    awake.resolve();
    awake = Promise.withResolvers<void>();
  }

  const running = run();
  return {
    wake,
    async close() {
      closed = true;
      wake();
      await running;
    },
  };
}

/** One try for each due row. Returns how many the runtime confirmed. */
export async function deliverDue(deps: CourierDeps): Promise<number> {
  const now = deps.now();
  const claim = { now, leaseUntil: after(now, LEASE_MS), limit: BATCH_SIZE };
  const rows = await claimDueRevocations(deps.sql, claim);
  const told = await Promise.all(rows.map((row) => deliver(deps, row)));
  return told.filter(Boolean).length;
}

async function deliver(deps: CourierDeps, row: SessionRevocationRow): Promise<boolean> {
  const { sql, runtime, logger } = deps;
  const { revocation_id: revocationId, session_ids, user_id, org_id, reason, attempts } = row;
  const user_ids = user_id === null ? [] : [user_id];
  const org_ids = org_id === null ? [] : [org_id];
  const requestId = newId('req');
  const named = { session_ids, user_ids, org_ids, reason };
  try {
    const order = messageOf('openagents.runtime.v1.RevokeSyncRequest', named);
    await runtime.revokeSync(order, { requestId });
  } catch (error) {
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_FIRST_MS * 2 ** Math.min(attempts, 10));
    const nextAttemptAt = after(deps.now(), delayMs);
    await deferRevocation(sql, { revocationId, nextAttemptAt, error: (error as Error).message });
    logger.warn(
      { err: error, revocation_id: String(revocationId), attempts },
      'revocation not told',
    );
    deps.onFailed?.();
    return false;
  }
  const now = deps.now();
  await transaction(sql, async (tx) => {
    await markRevocationTold(tx, revocationId, now);
    await writeAudit(tx, {
      event: 'auth.sessions.revocation.propagation.completed',
      outcome: 'ok',
      requestId,
      attributes: { revocation_id: String(revocationId), ...named, attempts },
      now,
    });
  });
  deps.onTold?.(now.getTime() - row.requested_at.getTime());
  return true;
}

/** Waits, or less where woken: then no timer is left behind. */
function pause(ms: number, wakeUp: Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    void wakeUp.then(() => clearTimeout(timer));
  });
}
