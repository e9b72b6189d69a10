import { createRemoteJWKSet, errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';

export const TOKEN_ISSUER = 'openagents-control';

/** Clocks of two machines differ by a few seconds; a token lives an hour. */
const CLOCK_TOLERANCE_S = 5;

/** A key set is read again after this long, and at once (at most every {@link JWKS_COOLDOWN_MS}) for a new `kid`. */
const JWKS_CACHE_MS = 10 * 60_000;
const JWKS_COOLDOWN_MS = 5_000;
const JWKS_TIMEOUT_MS = 3_000;

/** A host sends the same token many times a second. How soon a withdrawn key is noticed is up to the key set above. */
const VERIFIED_FOR_MS = 30_000;
/** Tokens remembered; the oldest is forgotten first and only costs its next check. */
const VERIFIED_MAX = 2_000;

/** Who an access token speaks for. */
export interface AccessClaims {
  readonly user_id: string;
  readonly session_id: string;
  readonly device_id: string;
  readonly org_id: string;
  readonly scopes: readonly string[];
  readonly jti: string;
  readonly issued_at_ms: number;
  readonly expires_at_ms: number;
}

/** Why a token is not accepted. `unavailable`: the key set could not be read, so nobody can be told apart. */
export class TokenRejected extends Error {
  override readonly name = 'TokenRejected';
  readonly reason: 'expired' | 'invalid' | 'unavailable';

  constructor(reason: TokenRejected['reason'], cause: unknown) {
    super(`The access token is ${reason}.`, { cause });
    this.reason = reason;
  }
}

const claimsSchema = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  did: z.string(),
  oid: z.string().default(''),
  scopes: z.array(z.string()),
  jti: z.string().min(1),
  iat: z.number(),
  exp: z.number(),
});

export type VerifyAccessToken = (token: string) => Promise<AccessClaims>;

/** The published keys of the control service, cached, reread when a token names a key that is not among them. */
export function remoteKeySet(url: string): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(url), {
    cacheMaxAge: JWKS_CACHE_MS,
    cooldownDuration: JWKS_COOLDOWN_MS,
    timeoutDuration: JWKS_TIMEOUT_MS,
  });
}

export function createAccessTokenVerifier(deps: {
  keys: JWTVerifyGetKey;
  audience: string;
  now?: () => number;
}): VerifyAccessToken {
  const { keys, audience, now = Date.now } = deps;
  const verified = new Map<string, { claims: AccessClaims; untilMs: number }>();

  function remember(token: string, claims: AccessClaims): AccessClaims {
    const [oldest] = verified.keys();
    if (verified.size >= VERIFIED_MAX && oldest !== undefined) verified.delete(oldest);
    const untilMs = Math.min(now() + VERIFIED_FOR_MS, claims.expires_at_ms);
    verified.set(token, { claims, untilMs });
    return claims;
  }

  return async function verifyAccessToken(token) {
    const known = verified.get(token);
    if (known && now() < known.untilMs) return known.claims;
    verified.delete(token);
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: TOKEN_ISSUER,
        audience,
        algorithms: ['EdDSA'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(now()),
      });
      const claims = claimsSchema.parse(payload);
      return remember(token, {
        user_id: claims.sub,
        session_id: claims.sid,
        device_id: claims.did,
        org_id: claims.oid,
        scopes: claims.scopes,
        jti: claims.jti,
        issued_at_ms: claims.iat * 1000,
        expires_at_ms: claims.exp * 1000,
      });
    } catch (error) {
      throw new TokenRejected(rejection(error), error);
    }
  };
}

function rejection(error: unknown): TokenRejected['reason'] {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWKSTimeout || error instanceof TypeError) return 'unavailable';
  // jose reports a key set that answered anything but 200 with its base class.
  if (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC') return 'unavailable';
  return 'invalid';
}
