import type { ChallengeId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

/** A six-digit code survives five guesses at a chance of 1 in 200,000. The table's check knows this number too. */
export const CHALLENGE_ATTEMPTS_MAX = 5;

export interface ChallengeDraft {
  challengeId: ChallengeId;
  email: string;
  /** Where the service itself checks the code. */
  codeHash: Uint8Array | null;
  /** Where the provider checks it. */
  providerRef: string | null;
  now: Date;
  expiresAt: Date;
}

export interface ChallengeRow {
  challenge_id: ChallengeId;
  email: string;
  code_hash: Uint8Array | null;
  provider_ref: string | null;
}

export async function insertChallenge(tx: Tx, draft: ChallengeDraft): Promise<void> {
  await tx`
    insert into control.challenges
      (challenge_id, email, code_hash, provider_ref, created_at, expires_at)
    values (${draft.challengeId}, ${draft.email}, ${draft.codeHash}, ${draft.providerRef},
      ${draft.now}, ${draft.expiresAt})`;
}

/**
 * Spends one attempt before any code is looked at, so that guesses at once cannot outrun the count.
 * Null: unknown, expired, used, or out of attempts.
 */
export async function takeAttempt(
  sql: Sql,
  challengeId: string,
  now: Date,
): Promise<ChallengeRow | null> {
  const [row] = await sql<ChallengeRow[]>`
    update control.challenges set attempts = attempts + 1
    where challenge_id = ${challengeId} and consumed_at is null and expires_at > ${now}
      and attempts < ${CHALLENGE_ATTEMPTS_MAX}
    returning challenge_id, email, code_hash, provider_ref`;
  return row ?? null;
}

/** Tries on a mailbox's challenges since a time, those of successful logins left out. */
export async function failedAttempts(sql: Sql, email: string, since: Date): Promise<number> {
  const [row] = await sql<{ failed: number }[]>`
    select coalesce(sum(attempts), 0)::int as failed from control.challenges
    where email = ${email} and created_at > ${since} and consumed_at is null`;
  return row?.failed ?? 0;
}

/** False where another request with the same right code was first. */
export async function consumeChallenge(
  tx: Tx,
  challengeId: ChallengeId,
  now: Date,
): Promise<boolean> {
  const consumed = await tx`
    update control.challenges set consumed_at = ${now}
    where challenge_id = ${challengeId} and consumed_at is null`;
  return consumed.count === 1;
}

/** Until then a late try is still told that its code is over, and written down with its challenge. */
export async function deleteOldChallenges(sql: Sql, expiredBefore: Date): Promise<number> {
  const deleted = await sql`
    delete from control.challenges where expires_at < ${expiredBefore}`;
  return deleted.count;
}
