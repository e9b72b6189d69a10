/**
 * Who is over, as far as this node knows.
 *
 * 1. A session or a token that ended never comes back: its revocation holds whatever its token says of its issue. A
 *    device or a user may log in again, so theirs holds for what was issued until then.
 * 2. A lost membership takes that organisation's topics, of whatever token of that user, and nothing else.
 * 3. One entry per target: memory grows with who was revoked within the life of a revocation, not with how often.
 */
import type { Grant } from '../authentication/sync-token.ts';
import type { Revocation, RevocationTarget } from './revocation.ts';

export type RevokedReason = 'token_revoked' | 'session_revoked' | 'device_revoked' | 'user_revoked';

export interface RevocationList {
  add(revocation: Revocation): void;
  /** Why this grant is over as a whole, where it is. */
  reasonAgainst(grant: Grant): RevokedReason | undefined;
  /** Whether the grant's user lost this organisation after its token was issued. */
  hasLost(grant: Grant, orgId: string | null): boolean;
  /** Drops what nothing alive can be named by. */
  forgetExpired(nowMs: number): void;
  readonly size: number;
}

interface Entry {
  notBeforeMs: number;
  expiresAtMs: number;
}

export function createRevocationList(): RevocationList {
  const entries = new Map<string, Entry>();

  function covers(target: RevocationTarget, issuedAtMs: number): boolean {
    const entry = entries.get(keyOf(target));
    return entry !== undefined && issuedAtMs <= entry.notBeforeMs;
  }

  return {
    add({ target, notBeforeMs, expiresAtMs }) {
      const key = keyOf(target);
      const known = entries.get(key);
      if (known && known.notBeforeMs >= notBeforeMs) return;
      entries.set(key, { notBeforeMs, expiresAtMs });
    },
    reasonAgainst({ jti, sessionId, deviceId, userId, issuedAtMs }) {
      if (entries.has(keyOf({ kind: 'session', sessionId }))) return 'session_revoked';
      if (covers({ kind: 'device', deviceId }, issuedAtMs)) return 'device_revoked';
      if (covers({ kind: 'user', userId }, issuedAtMs)) return 'user_revoked';
      return entries.has(keyOf({ kind: 'token', jti })) ? 'token_revoked' : undefined;
    },
    hasLost({ userId, issuedAtMs }, orgId) {
      return orgId !== null && covers({ kind: 'membership', userId, orgId }, issuedAtMs);
    },
    forgetExpired(nowMs) {
      for (const [key, { expiresAtMs }] of entries) if (expiresAtMs <= nowMs) entries.delete(key);
    },
    get size() {
      return entries.size;
    },
  };
}

function keyOf(target: RevocationTarget): string {
  switch (target.kind) {
    case 'token':
      return `token ${target.jti}`;
    case 'session':
      return `session ${target.sessionId}`;
    case 'device':
      return `device ${target.deviceId}`;
    case 'user':
      return `user ${target.userId}`;
    case 'membership':
      return `membership ${target.userId} ${target.orgId}`;
  }
}
