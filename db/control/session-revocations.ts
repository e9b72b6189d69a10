/**
 * Revocations that the runtime must still hear of.
 *
 * 1. A row is written in the transaction that revokes, so that no revocation can be forgotten.
 * 2. A row is told at least once, and tried again until the runtime has confirmed it.
 */
import type { SessionId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface SessionRevocationRow {
  revocation_id: bigint;
  session_ids: SessionId[];
  reason: string;
  attempts: number;
  requested_at: Date;
}

export async function insertSessionRevocation(
  tx: Tx,
  draft: { sessionIds: readonly SessionId[]; reason: string; now: Date },
): Promise<void> {
  await tx`
    insert into control.session_revocations (session_ids, reason, requested_at, next_attempt_at)
    values (${[...draft.sessionIds]}, ${draft.reason}, ${draft.now}, ${draft.now})`;
}

/**
 * Takes due rows for one attempt each. Until `leaseUntil` no other replica takes them; a process that dies
 * meanwhile has only delayed them.
 */
export function claimDueRevocations(
  sql: Sql,
  claim: { now: Date; leaseUntil: Date; limit: number },
): Promise<SessionRevocationRow[]> {
  return sql<SessionRevocationRow[]>`
    update control.session_revocations set attempts = attempts + 1, next_attempt_at = ${claim.leaseUntil}
    where revocation_id in (
      select revocation_id from control.session_revocations
      where told_at is null and next_attempt_at <= ${claim.now}
      order by next_attempt_at limit ${claim.limit}
      for update skip locked)
    returning revocation_id, session_ids, reason, attempts, requested_at`;
}

export async function markRevocationTold(tx: Tx, revocationId: bigint, now: Date): Promise<void> {
  await tx`
    update control.session_revocations set told_at = ${now}, last_error = ''
    where revocation_id = ${revocationId}`;
}

export async function deferRevocation(
  sql: Sql,
  deferral: { revocationId: bigint; nextAttemptAt: Date; error: string },
): Promise<void> {
  await sql`
    update control.session_revocations
    set next_attempt_at = ${deferral.nextAttemptAt}, last_error = ${deferral.error}
    where revocation_id = ${deferral.revocationId} and told_at is null`;
}
