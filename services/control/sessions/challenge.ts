import { timingSafeEqual } from 'node:crypto';
import type { Sql } from '#db/connect.ts';
import {
  type ChallengeRow,
  failedAttempts,
  insertChallenge,
  takeAttempt,
} from '#db/control/challenges.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { newId } from '#proto/ids.ts';
import { type CommandIds, writeAudit } from '../guards/audit.ts';
import type { IdentityProvider } from '../identity/provider.ts';
import type { Secrets } from '../secrets.ts';
import { after, type SessionPolicy } from './session-policy.ts';

export interface ChallengeDeps {
  readonly sql: Sql;
  readonly provider: IdentityProvider;
  readonly secrets: Secrets;
  readonly policy: SessionPolicy;
  readonly now: () => Date;
}

export interface SentChallenge {
  readonly challengeId: string;
  readonly deliveryChannel: string;
  readonly expiresAt: Date;
}

/**
 * Addresses differ by case only when a person types them. Visible ASCII alone: what looks alike to a
 * person must not be two accounts, and what is printed on a terminal must not steer it.
 *
 * @throws ProblemError invalid_request
 */
export function normaliseEmail(text: string): string {
  const email = text.toLowerCase();
  if (/^[\x21-\x7e]+$/.test(email)) return email;
  const reason = 'must be of visible ASCII characters';
  throw new ProblemError('invalid_request', `The e-mail address ${reason}.`, {
    faults: [{ path: '$.email', reason }],
  });
}

const HOUR_MS = 60 * 60_000;

/**
 * A challenge allows five wrong codes, but anyone may ask for more challenges: unbounded, six a minute would guess a
 * given mailbox's code within weeks. Thirty an hour leave a chance of 1 in 1,400 a day, which the audit log shows.
 */
export const MAILBOX_FAILURES_PER_HOUR_MAX = 30;

/**
 * Sends a code and remembers its hash. Known and unknown addresses are alike: the first login makes the account.
 *
 * @throws ProblemError rate_limited, service_unavailable
 */
export async function requestChallenge(
  deps: ChallengeDeps,
  request: { email: string; command: CommandIds },
): Promise<SentChallenge> {
  const { sql, provider, secrets, policy } = deps;
  const { email, command } = request;
  const now = deps.now();
  const failures = await failedAttempts(sql, email, after(now, -HOUR_MS));
  if (failures >= MAILBOX_FAILURES_PER_HOUR_MAX) {
    throw new ProblemError('rate_limited', 'Too many wrong codes for this address; wait an hour.', {
      retryAfterMs: HOUR_MS,
    });
  }
  const challengeId = newId('challenge');
  const expiresAt = after(now, policy.challengeTtlMs);
  const sent = await provider.sendCode(email).catch(async (error: unknown) => {
    await writeAudit(sql, { event: 'auth.challenge.failed', outcome: 'failed', ...command, now });
    throw error;
  });
  await transaction(sql, async (tx) => {
    await insertChallenge(tx, {
      challengeId,
      email,
      codeHash: sent.code === null ? null : secrets.codeHash(challengeId, sent.code),
      providerRef: sent.providerRef,
      now,
      expiresAt,
    });
    await writeAudit(tx, {
      event: 'auth.challenge.requested',
      outcome: 'ok',
      ...command,
      attributes: { challenge_id: challengeId, delivery_channel: sent.deliveryChannel },
      now,
    });
  });
  return { challengeId, deliveryChannel: sent.deliveryChannel, expiresAt };
}

/**
 * The challenge whose code this is. It is not consumed yet: the login does that in its own transaction.
 *
 * @throws ProblemError unauthorized
 */
export async function checkCode(
  deps: ChallengeDeps,
  request: { challengeId: string; code: string; command: CommandIds },
): Promise<ChallengeRow> {
  const { sql, provider, secrets } = deps;
  const { challengeId, command } = request;
  const challenge = await takeAttempt(sql, challengeId, deps.now());
  if (!challenge) return refuseCode(deps, { challengeId, command, reason: 'challenge_closed' });
  const { code_hash, provider_ref, email } = challenge;
  const failures = await failedAttempts(sql, email, after(deps.now(), -HOUR_MS));
  if (failures > MAILBOX_FAILURES_PER_HOUR_MAX) {
    return refuseCode(deps, { challengeId, command, reason: 'mailbox_closed' });
  }
  const code = plainCode(request.code);
  const right = code_hash
    ? timingSafeEqual(code_hash, secrets.codeHash(challengeId, code))
    : await provider.checkCode(email, provider_ref ?? '', code);
  return right ? challenge : refuseCode(deps, { challengeId, command, reason: 'wrong_code' });
}

const REFUSALS = {
  wrong_code: 'That is not the code. Look again.',
  challenge_closed: 'This code can no longer be used. Ask for a new one.',
  mailbox_closed: 'Too many wrong codes for this address; wait an hour.',
} as const;

/** Writes down why a code opened nothing. @throws ProblemError unauthorized, always */
export async function refuseCode(
  { sql, now }: Pick<ChallengeDeps, 'sql' | 'now'>,
  refusal: { challengeId: string; command: CommandIds; reason: keyof typeof REFUSALS },
): Promise<never> {
  const { challengeId, command, reason } = refusal;
  await writeAudit(sql, {
    event: 'auth.verify.failed',
    outcome: 'denied',
    ...command,
    attributes: { challenge_id: challengeId, reason },
    now: now(),
  });
  throw new ProblemError('unauthorized', REFUSALS[reason]);
}

/** People copy a code as it is shown: `123-456`, `123 456`. */
function plainCode(text: string): string {
  return text.replace(/[\s-]/g, '');
}
