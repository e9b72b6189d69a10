/**
 * Proof that one of our services made this very call: method, path with query, body, audience, within a minute, once.
 *
 * 1. Default deny: a call without an assertion, or with one that fails any check, has no caller.
 * 2. The issuer is the key: `iss` must equal the `kid` that verified the signature.
 * 3. A `jti` is accepted once, by every replica: the nonce store is shared.
 * 4. A `principal` is believed only from a service that is listed as a gateway.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createLocalJWKSet, errors, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose';
import { z } from 'zod';
import type { NamedKey } from './service-keys.ts';

export const INTERNAL_ASSERTION_HEADER = 'x-oa-internal-assertion';

/** An assertion is used at once; a minute covers the clock difference of two machines. */
export const ASSERTION_LIFE_S = 60;

/** How far the clock of the caller may be ahead. */
const CLOCK_TOLERANCE_S = 5;

/** The person on whose behalf a gateway calls. */
export interface AssertedPrincipal {
  readonly user_id: string;
  readonly org_id: string;
  readonly scopes: readonly string[];
  readonly session_id: string;
  readonly device_id: string;
}

export interface AssertedCall {
  /** Upper-case HTTP method. */
  readonly method: string;
  /** Path with query, as sent: `/internal/v1/x?y=1`. */
  readonly target: string;
  /** Lower-case hex SHA-256 of the body; of no bytes where there is none. */
  readonly bodySha256: string;
}

export interface InternalCaller {
  readonly service: string;
  readonly principal: AssertedPrincipal | null;
  readonly issued_at_ms: number;
}

/** Remembers used assertions until they expire; `claim` answers false for a nonce seen before. */
export interface NonceStore {
  claim(jti: string, expiresAt: Date): Promise<boolean>;
}

/** Why a call has no caller. The reason is for logs and audit, never for the caller. */
export class AssertionRejected extends Error {
  override readonly name: string = 'AssertionRejected';
}

/**
 * The signature holds and the time does not: an assertion is made for one call and used at once, so the clock of its service
 * and the clock of this one differ. The caller did nothing wrong and may ask again.
 */
export class ClocksDiffer extends AssertionRejected {
  override readonly name = 'ClocksDiffer';
}

const claimsSchema = z.object({
  iss: z.string(),
  jti: z.string().min(1).max(128),
  iat: z.number(),
  exp: z.number(),
  htm: z.string(),
  htu: z.string(),
  body_sha256: z.string(),
  principal: z
    .object({
      user_id: z.string().min(1),
      org_id: z.string(),
      scopes: z.array(z.string()),
      session_id: z.string(),
      device_id: z.string(),
    })
    .optional(),
});

export function bodySha256(body?: Uint8Array | string): string {
  return createHash('sha256')
    .update(body ?? '')
    .digest('hex');
}

export type SignAssertion = (
  audience: string,
  call: AssertedCall,
  principal?: AssertedPrincipal,
) => Promise<string>;

export function createAssertionSigner(deps: {
  key: NamedKey;
  now?: () => number;
  newNonce?: () => string;
}): SignAssertion {
  const { key, now = Date.now, newNonce = randomUUID } = deps;
  return function signAssertion(audience, call, principal) {
    const issuedAt = Math.floor(now() / 1000);
    return new SignJWT({
      htm: call.method,
      htu: call.target,
      body_sha256: call.bodySha256,
      ...(principal && { principal: { ...principal, scopes: [...principal.scopes] } }),
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: key.kid, typ: 'oa-internal+jwt' })
      .setIssuer(key.kid)
      .setAudience(audience)
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_LIFE_S)
      .setJti(newNonce())
      .sign(key.privateKey);
  };
}

export type VerifyAssertion = (token: string, call: AssertedCall) => Promise<InternalCaller>;

export function createAssertionVerifier(deps: {
  /** The name of the service that is called. */
  audience: string;
  trusted: JSONWebKeySet;
  nonces: NonceStore;
  /** Services that may speak for a person. */
  gateways?: readonly string[];
  now?: () => number;
}): VerifyAssertion {
  const { audience, nonces, gateways = [], now = Date.now } = deps;
  const keys = createLocalJWKSet(deps.trusted);
  return async function verifyAssertion(token, call) {
    const claims = await verifiedClaims(token, keys, audience, now());
    if (claims.htm !== call.method || claims.htu !== call.target) {
      throw new AssertionRejected(`made for ${claims.htm} ${claims.htu}`);
    }
    if (claims.body_sha256 !== call.bodySha256) throw new AssertionRejected('another body');
    if (claims.principal && !gateways.includes(claims.iss)) {
      throw new AssertionRejected(`${claims.iss} may not speak for a person`);
    }
    const expiresAt = new Date((claims.exp + CLOCK_TOLERANCE_S) * 1000);
    if (!(await nonces.claim(claims.jti, expiresAt))) throw new AssertionRejected('used before');
    const issued_at_ms = claims.iat * 1000;
    return { service: claims.iss, principal: claims.principal ?? null, issued_at_ms };
  };
}

async function verifiedClaims(
  token: string,
  keys: ReturnType<typeof createLocalJWKSet>,
  audience: string,
  nowMs: number,
) {
  try {
    const { payload, protectedHeader } = await jwtVerify(token, keys, {
      audience,
      algorithms: ['EdDSA'],
      typ: 'oa-internal+jwt',
      clockTolerance: CLOCK_TOLERANCE_S,
      maxTokenAge: ASSERTION_LIFE_S,
      currentDate: new Date(nowMs),
    });
    const claims = claimsSchema.parse(payload);
    if (claims.iss !== protectedHeader.kid) throw new AssertionRejected('issuer is not its key');
    if (claims.exp - claims.iat > ASSERTION_LIFE_S) throw new AssertionRejected('lives too long');
    return claims;
  } catch (error) {
    if (error instanceof AssertionRejected) throw error;
    const Rejection = isAboutTime(error) ? ClocksDiffer : AssertionRejected;
    throw new Rejection((error as Error).message, { cause: error });
  }
}

function isAboutTime(error: unknown): boolean {
  if (error instanceof errors.JWTExpired) return true;
  return error instanceof errors.JWTClaimValidationFailed && error.claim === 'iat';
}
