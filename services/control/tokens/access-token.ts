import { SignJWT } from 'jose';
import { newId } from '#proto/ids.ts';
import { TOKEN_ISSUER } from '../../shared/access-token.ts';
import type { KeyRing } from './key-ring.ts';

/** The services that accept an access token; Khala accepts only sync tokens. */
export const ACCESS_AUDIENCES = ['openagents-control', 'openagents-runtime'];

export interface AccessGrant {
  readonly userId: string;
  readonly sessionId: string;
  readonly deviceId: string;
  readonly orgId: string;
  readonly scopes: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

/** Signs an access token with the current key. */
export function signAccessToken(ring: KeyRing, grant: AccessGrant): Promise<string> {
  return new SignJWT({
    sid: grant.sessionId,
    did: grant.deviceId,
    oid: grant.orgId,
    scopes: [...grant.scopes],
  })
    .setProtectedHeader({ alg: 'EdDSA', kid: ring.current.kid, typ: 'at+jwt' })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(ACCESS_AUDIENCES)
    .setSubject(grant.userId)
    .setIssuedAt(grant.issuedAt)
    .setExpirationTime(grant.expiresAt)
    .setJti(newId('tok'))
    .sign(ring.current.privateKey);
}
