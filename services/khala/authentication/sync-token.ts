import { errors, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { z } from 'zod';
import { TOKEN_ISSUER } from '#services/shared/access-token.ts';
import { SessionFault } from '../session/session-fault.ts';

const AUDIENCE = 'openagents-khala';
/** No other token of the same issuer passes for one of these. */
const TYPE = 'oa-sync+jwt';
/** Clocks of two machines differ by a few seconds. */
const CLOCK_TOLERANCE_S = 5;
const BOUND_LIFE_S_MAX = 900;
/** Without a key a stolen token opens a socket, so it has to die soon. */
const BEARER_LIFE_S_MAX = 60;

/** What a verified sync token allows on this connection. */
export interface Grant {
  userId: string;
  orgId: string;
  sessionId: string;
  deviceId: string;
  jti: string;
  topics: ReadonlySet<string>;
  /** RFC 7638 thumbprint of the key that must sign the proof. */
  keyThumbprint: string | undefined;
  issuedAtMs: number;
  expiresAtMs: number;
}

const claimsSchema = z.object({
  sub: z.string().min(1),
  sid: z.string().min(1),
  did: z.string().min(1),
  oid: z.string().default(''),
  jti: z.string().min(1),
  iat: z.number().int(),
  exp: z.number().int(),
  topics: z.array(z.string()).max(256),
  cnf: z.object({ jkt: z.string().length(43) }).optional(),
});

export type VerifySyncToken = (token: string) => Promise<Grant>;

/** @throws SessionFault `token_expired`, `reauth_required`, `unauthorized`, or `overloaded` while the key set cannot be read. */
export function createSyncTokenVerifier(deps: {
  keys: JWTVerifyGetKey;
  now: () => number;
}): VerifySyncToken {
  return async function verifySyncToken(token) {
    const { payload } = await jwtVerify(token, deps.keys, {
      issuer: TOKEN_ISSUER,
      audience: AUDIENCE,
      typ: TYPE,
      algorithms: ['EdDSA'],
      clockTolerance: CLOCK_TOLERANCE_S,
      currentDate: new Date(deps.now()),
    }).catch((error: unknown) => {
      throw tokenFault(error);
    });
    const parsed = claimsSchema.safeParse(payload);
    if (!parsed.success) {
      throw new SessionFault('unauthorized', 'invalid_claims', { cause: parsed.error });
    }
    const { sub, sid, did, oid, jti, iat, exp, topics, cnf } = parsed.data;
    if (iat * 1000 > deps.now() + CLOCK_TOLERANCE_S * 1000) {
      throw notYetValid();
    }
    if (exp - iat > (cnf ? BOUND_LIFE_S_MAX : BEARER_LIFE_S_MAX)) {
      throw new SessionFault('unauthorized', cnf ? 'token_lives_too_long' : 'unbound_token');
    }
    return {
      userId: sub,
      orgId: oid,
      sessionId: sid,
      deviceId: did,
      jti,
      topics: new Set(topics),
      keyThumbprint: cnf?.jkt,
      issuedAtMs: iat * 1000,
      expiresAtMs: exp * 1000,
    };
  };
}

/** Control has signed it: one of the two clocks is wrong, and a newer token tells when it is right again. */
function notYetValid(cause?: unknown): SessionFault {
  return new SessionFault('reauth_required', 'token_not_yet_valid', { cause });
}

function tokenFault(error: unknown): SessionFault {
  if (error instanceof errors.JWTExpired) {
    return new SessionFault('token_expired', 'token_expired', { cause: error });
  }
  if (error instanceof errors.JWTClaimValidationFailed && error.claim === 'nbf') {
    return notYetValid(error);
  }
  const keysUnreadable =
    error instanceof errors.JWKSTimeout ||
    error instanceof TypeError ||
    (error instanceof errors.JOSEError && error.code === 'ERR_JOSE_GENERIC');
  if (keysUnreadable) {
    return new SessionFault('overloaded', 'keys_unavailable', { cause: error });
  }
  return new SessionFault('unauthorized', tokenReason(error), { cause: error });
}

function tokenReason(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'wrong_audience';
    if (error.claim === 'iss') return 'wrong_issuer';
    if (error.claim === 'typ') return 'wrong_type';
    return 'invalid_claims';
  }
  if (error instanceof errors.JOSEAlgNotAllowed) return 'unsupported_alg';
  if (error instanceof errors.JOSENotSupported) return 'unsupported_alg';
  if (error instanceof errors.JWKSNoMatchingKey) return 'unknown_kid';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'invalid_signature';
  return 'invalid_token_format';
}
