import type { MembershipRow } from '#db/control/memberships.ts';
import type { SessionRow } from '#db/control/sessions.ts';
import type { AuthTokens } from '#proto/gen/types.ts';
import { signAccessToken } from '../tokens/access-token.ts';
import type { SessionDeps } from './session-deps.ts';
import { scopesIn } from './session-view.ts';

/** The answer of a login or a refresh: a fresh access token beside the session's refresh token. */
export async function issueTokens(
  { keys, policy }: Pick<SessionDeps, 'keys' | 'policy'>,
  session: SessionRow,
  memberships: readonly MembershipRow[],
  refreshToken: string,
  issuedAt: Date,
): Promise<AuthTokens> {
  const expiresAt = session.access_expires_at;
  const scopes = scopesIn(session.active_org_id, memberships);
  const accessToken = await signAccessToken(keys, {
    userId: session.user_id,
    sessionId: session.session_id,
    deviceId: session.device_id,
    orgId: session.active_org_id,
    scopes: policy.operators.has(session.user_id) ? [...scopes, 'ops.read'] : scopes,
    issuedAt,
    expiresAt,
  });
  return {
    token_type: 'Bearer',
    access_token: accessToken,
    refresh_token: refreshToken,
    expires_in_seconds: Math.floor((expiresAt.getTime() - issuedAt.getTime()) / 1000),
  };
}
