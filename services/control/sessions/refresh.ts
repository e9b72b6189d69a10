/**
 * Rotation of refresh tokens.
 *
 * 1. A token is good once; its successor is derived from it, so hashes are all that is stored.
 * 2. The identical retry of the last rotation, from the same device and soon, gets the same successor: an answer that
 *    was lost on the way must not log anybody out.
 * 3. Any other use of a spent token means that two hold it: the whole family ends.
 * 4. Of many refreshes at once exactly one rotates; the others are its retries.
 */
import { timingSafeEqual } from 'node:crypto';
import { listMemberships, type MembershipRow } from '#db/control/memberships.ts';
import {
  findRefreshToken,
  insertRefreshToken,
  type RefreshTokenRow,
  rotateRefreshToken,
} from '#db/control/refresh-tokens.ts';
import { findSession, renewSession, type SessionRow } from '#db/control/sessions.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { AuthTokens } from '#proto/gen/types.ts';
import { type CommandIds, writeAudit } from '../guards/audit.ts';
import { tokenHash } from '../tokens/refresh-token.ts';
import { issueTokens } from './issue-tokens.ts';
import { endSessions } from './revoke.ts';
import { auditSubject, type SessionDeps } from './session-deps.ts';
import { after, IDENTICAL_RETRY_MS } from './session-policy.ts';

export interface Refreshed {
  readonly session: SessionRow;
  readonly memberships: readonly MembershipRow[];
  readonly tokens: AuthTokens;
}

export interface RefreshRequest {
  readonly refreshToken: string;
  readonly deviceId: string;
  readonly command: CommandIds;
}

/** @throws ProblemError unauthorized, forbidden, session_expired, session_revoked, reauth_required */
export async function refreshSession(
  deps: SessionDeps,
  request: RefreshRequest,
): Promise<Refreshed> {
  const now = deps.now();
  const presentedHash = tokenHash(request.refreshToken);
  const token = await findRefreshToken(deps.sql, presentedHash);
  const session = token && (await findSession(deps.sql, token.session_id));
  if (!token || !session) return refuse(deps, request, null, 'unknown_token');
  if (session.status === 'revoked') return refuse(deps, request, session, 'session_revoked');

  const successor = deps.secrets.successorOf(request.refreshToken);
  if (token.rotated_at) {
    if (!isIdenticalRetry(token, session, successor, request, now)) {
      return endFamily(deps, request, session);
    }
    await writeAudit(deps.sql, {
      event: 'auth.refresh.completed',
      outcome: 'ok',
      ...request.command,
      subject: auditSubject(session),
      attributes: { generation: token.generation + 1, identical_retry: true },
      now,
    });
    return answer(deps, session, successor, now);
  }
  if (session.device_id !== request.deviceId) {
    return refuse(deps, request, session, 'device_mismatch');
  }
  if (token.expires_at <= now) return refuse(deps, request, session, 'session_expired');
  const renewed = await rotate(deps, request, token, successor, now);
  // Another request with this very token was first (4): what it left decides.
  return renewed ? answer(deps, renewed, successor, now) : refreshSession(deps, request);
}

/** Null where the token was spent by another request meanwhile. */
function rotate(
  deps: SessionDeps,
  request: RefreshRequest,
  token: RefreshTokenRow,
  successor: string,
  now: Date,
): Promise<SessionRow | null> {
  const { sql, policy } = deps;
  const successorHash = tokenHash(successor);
  const refreshExpiresAt = after(now, policy.refreshTtlMs);
  return transaction(sql, async (tx) => {
    const tokenHash = token.token_hash;
    if (!(await rotateRefreshToken(tx, { tokenHash, successorHash, now }))) return null;
    await insertRefreshToken(tx, {
      tokenHash: successorHash,
      sessionId: token.session_id,
      generation: token.generation + 1,
      now,
      expiresAt: refreshExpiresAt,
    });
    const session = await renewSession(tx, {
      sessionId: token.session_id,
      now,
      accessExpiresAt: after(now, policy.accessTtlMs),
      refreshExpiresAt,
    });
    if (!session) throw new ProblemError('session_revoked', REFUSALS.session_revoked.detail);
    await writeAudit(tx, {
      event: 'auth.refresh.completed',
      outcome: 'ok',
      ...request.command,
      subject: auditSubject(session),
      attributes: { generation: token.generation + 1 },
      now,
    });
    return session;
  });
}

function isIdenticalRetry(
  token: RefreshTokenRow,
  session: SessionRow,
  successor: string,
  request: RefreshRequest,
  now: Date,
): boolean {
  const { rotated_at, successor_hash, successor_rotated } = token;
  if (!rotated_at || !successor_hash || successor_rotated) return false;
  if (session.device_id !== request.deviceId) return false;
  if (now.getTime() - rotated_at.getTime() > IDENTICAL_RETRY_MS) return false;
  return timingSafeEqual(successor_hash, tokenHash(successor));
}

async function answer(
  deps: SessionDeps,
  session: SessionRow,
  refreshToken: string,
  now: Date,
): Promise<Refreshed> {
  const memberships = await listMemberships(deps.sql, session.user_id);
  const tokens = await issueTokens(deps, session, memberships, refreshToken, now);
  return { session, memberships, tokens };
}

async function endFamily(
  deps: SessionDeps,
  request: RefreshRequest,
  session: SessionRow,
): Promise<never> {
  const { requestId } = request.command;
  await transaction(deps.sql, (tx) =>
    endSessions(tx, {
      userId: session.user_id,
      target: { sessionId: session.session_id },
      reason: 'token_replay',
      requestId,
      now: deps.now(),
    }),
  );
  return refuse(deps, request, session, 'token_replay');
}

const REFUSALS = {
  unknown_token: { code: 'unauthorized', detail: 'This refresh token is not known.' },
  device_mismatch: { code: 'forbidden', detail: 'This refresh token belongs to another device.' },
  session_expired: { code: 'session_expired', detail: 'This session has expired. Log in again.' },
  session_revoked: { code: 'session_revoked', detail: 'This session was revoked. Log in again.' },
  token_replay: {
    code: 'reauth_required',
    detail: 'This refresh token was used before, so its session has ended. Log in again.',
  },
} as const;

async function refuse(
  { sql, now }: SessionDeps,
  { command }: RefreshRequest,
  session: SessionRow | null,
  reason: keyof typeof REFUSALS,
): Promise<never> {
  await writeAudit(sql, {
    event: 'auth.refresh.failed',
    outcome: 'denied',
    ...command,
    ...(session && { subject: auditSubject(session) }),
    attributes: { reason },
    now: now(),
  });
  const { code, detail } = REFUSALS[reason];
  throw new ProblemError(code, detail);
}
