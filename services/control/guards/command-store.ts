import type { Sql } from '#db/connect.ts';
import { claimKey, keepAnswer, releaseKey } from '#db/control/idempotency-keys.ts';
import type { Tx } from '#db/transaction.ts';
import type { CommandStore } from '../../shared/http/command.ts';
import { after } from '../sessions/session-policy.ts';

/** Longer than any command here takes; a process that died under one holds its key no longer than this. */
const LEASE_MS = 30_000;

/** Clients repeat within minutes; a day covers a laptop that slept. */
const ANSWER_KEPT_MS = 24 * 60 * 60_000;

/**
 * Commands of the control plane. Their receipts are rows of the audit log, written under the receipt's `audit_id` in
 * the mutation's transaction; here stay the answers of commands with a key.
 */
export function createCommandStore(deps: { sql: Sql; now: () => Date }): CommandStore<Tx> {
  const { sql, now } = deps;
  return {
    async claim(key, fingerprint, seed) {
      const at = now();
      const leaseUntil = after(at, LEASE_MS);
      const claim = await claimKey(sql, { key, fingerprint, seed, now: at, leaseUntil });
      if (claim.state !== 'in_progress') return claim;
      const retryAfterMs = Math.max(1, claim.leaseUntil.getTime() - at.getTime());
      return { state: 'in_progress', retryAfterMs };
    },
    release: (key) => releaseKey(sql, key),
    async complete(tx, { context, answer }) {
      if (!answer) return;
      const { principal, route, idempotency_key: key } = context;
      const kept = { answer: { ...answer, headers: { ...answer.headers } } };
      const expiresAt = after(now(), ANSWER_KEPT_MS);
      await keepAnswer(tx ?? sql, { principal, route, key }, { ...kept, expiresAt });
    },
  };
}
