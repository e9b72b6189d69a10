/**
 * Revocations that the runtime must still hear of.
 *
 * 1. A row is written in the transaction that revokes, so that no revocation can be forgotten.
 * 2. A row is told at least once, and tried again until the runtime has confirmed it.
 */
import type { OrgId, SessionId, UserId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface SessionRevocationRow {
  revocation_id: bigint;
  /** Empty where a membership was lost, which the next two name. */
  session_ids: SessionId[];
  user_id: UserId | null;
  org_id: OrgId | null;
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

/** For whoever takes a person out of an organisation: its topics end on live sockets, the person's own go on. */
export async function insertMembershipRevocation(
  tx: Tx,
  draft: { userId: UserId; orgId: OrgId; reason: string; now: Date },
): Promise<void> {
  const { userId, orgId, reason, now } = draft;
  await tx`
    insert into control.session_revocations
      (session_ids, user_id, org_id, reason, requested_at, next_attempt_at)
    values ('{}', ${userId}, ${orgId}, ${reason}, ${now}, ${now})`;
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
    returning revocation_id, session_ids, user_id, org_id, reason, attempts, requested_at`;
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
