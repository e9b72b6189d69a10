import { type ChallengeRow, consumeChallenge } from '#db/control/challenges.ts';
import { recordDevice } from '#db/control/devices.ts';
import { createPersonalOrg, listMemberships, type MembershipRow } from '#db/control/memberships.ts';
import { insertRefreshToken } from '#db/control/refresh-tokens.ts';
import { insertSession, type SessionRow } from '#db/control/sessions.ts';
import { findOrCreateUser, type UserRow } from '#db/control/users.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { AuthTokens } from '#proto/gen/types.ts';
import { type DeviceId, newId } from '#proto/ids.ts';
import { type CommandIds, writeAudit } from '../guards/audit.ts';
import { newRefreshToken, tokenHash } from '../tokens/refresh-token.ts';
import { refuseCode } from './challenge.ts';
import { issueTokens } from './issue-tokens.ts';
import { endSessions } from './revoke.ts';
import { auditSubject, type SessionDeps } from './session-deps.ts';
import { after } from './session-policy.ts';

export interface LoginDevice {
  readonly deviceId: DeviceId;
  readonly clientId: string;
  readonly platform: string;
  readonly name: string;
}

export interface Login {
  readonly session: SessionRow;
  readonly memberships: readonly MembershipRow[];
  readonly tokens: AuthTokens;
  readonly user: UserRow;
  readonly newUser: boolean;
}

/**
 * Opens a session for whoever proved to read the challenge's mail; one transaction. A session that the person had on
 * this device is replaced.
 *
 * @throws ProblemError unauthorized where the same code was used by another request first.
 */
export async function logIn(
  deps: SessionDeps,
  request: { challenge: ChallengeRow; device: LoginDevice; command: CommandIds },
): Promise<Login> {
  const { challenge, device, command } = request;
  const challengeId = challenge.challenge_id;
  const now = deps.now();
  const refreshToken = newRefreshToken();
  const opened = await transaction(deps.sql, async (tx) => {
    if (!(await consumeChallenge(tx, challengeId, now))) return null;
    const { user, newUser } = await welcome(tx, challenge.email, now);
    const memberships = await listMemberships(tx, user.user_id);
    await recordDevice(tx, { userId: user.user_id, ...device, now });
    await endSessions(tx, {
      userId: user.user_id,
      target: { deviceId: device.deviceId },
      reason: 'device_replaced',
      requestId: command.requestId,
      now,
    });
    const session = await openSession(tx, deps, { user, memberships, device, refreshToken, now });
    await writeAudit(tx, {
      event: 'auth.verify.completed',
      outcome: 'ok',
      ...command,
      subject: auditSubject(session),
      attributes: { challenge_id: challengeId, new_user: newUser },
      now,
    });
    return { session, memberships, user, newUser };
  });
  if (!opened) return refuseCode(deps, { challengeId, command, reason: 'challenge_closed' });
  const { session, memberships } = opened;
  const tokens = await issueTokens(deps, session, memberships, refreshToken, now);
  return { ...opened, tokens };
}

/** The person with this e-mail; a new one gets the organisation that is theirs alone. */
async function welcome(
  tx: Tx,
  email: string,
  now: Date,
): Promise<{ user: UserRow; newUser: boolean }> {
  const { user, created } = await findOrCreateUser(tx, { userId: newId('user'), email, now });
  if (created) {
    const orgId = newId('org');
    await createPersonalOrg(tx, { orgId, slug: slugFor(email, orgId), userId: user.user_id, now });
  }
  return { user, newUser: created };
}

async function openSession(
  tx: Tx,
  { policy }: SessionDeps,
  draft: {
    user: UserRow;
    memberships: readonly MembershipRow[];
    device: LoginDevice;
    refreshToken: string;
    now: Date;
  },
): Promise<SessionRow> {
  const { user, memberships, device, refreshToken, now } = draft;
  const [home] = memberships;
  if (!home) throw new ProblemError('forbidden', 'This account belongs to no organisation.');
  const session = await insertSession(tx, {
    session_id: newId('sess'),
    user_id: user.user_id,
    device_id: device.deviceId,
    active_org_id: home.org_id,
    issued_at: now,
    access_expires_at: after(now, policy.accessTtlMs),
    refresh_expires_at: after(now, policy.refreshTtlMs),
  });
  await insertRefreshToken(tx, {
    tokenHash: tokenHash(refreshToken),
    sessionId: session.session_id,
    generation: 0,
    now,
    expiresAt: session.refresh_expires_at,
  });
  return session;
}

const SLUG_NAME_LENGTH = 40;
const SLUG_TAIL_LENGTH = 6;

/** Readable, and unique by the random end of the organisation's id. */
export function slugFor(email: string, orgId: string): string {
  const [local = ''] = email.split('@');
  const name = local
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_NAME_LENGTH)
    .replace(/^-+|-+$/g, '');
  return `${name || 'personal'}-${orgId.slice(-SLUG_TAIL_LENGTH)}`;
}
