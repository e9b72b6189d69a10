import { SignJWT } from 'jose';
import type { TokenId } from '#proto/ids.ts';
import type { Topic } from '#proto/topics.ts';
import { TOKEN_ISSUER } from '../../shared/access-token.ts';
import type { KeyRing } from './key-ring.ts';

export const SYNC_AUDIENCE = 'openagents-khala';

export interface SyncGrant {
  readonly tokenId: TokenId;
  readonly userId: string;
  readonly sessionId: string;
  readonly deviceId: string;
  readonly orgId: string;
  readonly scopes: readonly string[];
  readonly topics: readonly Topic[];
  /** RFC 7638 thumbprint of the client's key; empty for a bearer token. */
  readonly jkt: string;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** Signs a sync token with the current key. */
export function signSyncToken(ring: KeyRing, grant: SyncGrant): Promise<string> {
  return new SignJWT({
    sid: grant.sessionId,
    did: grant.deviceId,
    oid: grant.orgId,
    scopes: [...grant.scopes],
    topics: [...grant.topics],
    ...(grant.jkt !== '' && { cnf: { jkt: grant.jkt } }),
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: ring.current.kid, typ: 'oa-sync+jwt' })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(SYNC_AUDIENCE)
    .setSubject(grant.userId)
    .setIssuedAt(grant.issuedAt)
    .setExpirationTime(grant.expiresAt)
    .setJti(grant.tokenId)
    .sign(ring.current.privateKey);
}
