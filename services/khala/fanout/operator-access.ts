import type { JWTVerifyGetKey } from 'jose';
import { createAccessTokenVerifier } from '#services/shared/access-token.ts';
import { type Authenticate, createAuthenticator } from '#services/shared/http/authenticate.ts';
import { createAssertionVerifier, type NonceStore } from '#services/shared/internal-assertion.ts';
import { readPublicKeySet } from '#services/shared/service-keys.ts';
import type { KhalaConfig } from '../config.ts';

const SERVICE = 'khala';
/** A node belongs to the runtime's plane, and people's tokens are made for planes. */
const AUDIENCE = 'openagents-runtime';

/** Who may read a node's own numbers. @throws ConfigurationError for a key file that cannot serve */
export function createOperatorAccess(
  config: KhalaConfig,
  keys: JWTVerifyGetKey,
  now: () => number,
): Authenticate {
  const file = config.OA_TRUSTED_SERVICES_FILE;
  const trusted = file
    ? readPublicKeySet('OA_TRUSTED_SERVICES_FILE', file, config.OA_ENV)
    : { keys: [] };
  return createAuthenticator({
    verifyAccessToken: createAccessTokenVerifier({ keys, audience: AUDIENCE, now }),
    verifyAssertion: createAssertionVerifier({
      audience: SERVICE,
      trusted,
      nonces: createMemoryNonces(now),
      now,
    }),
  });
}

/** A minute of calls at a rate that nobody needs; beyond it a node refuses rather than forget one. */
const NONCES_MAX = 10_000;

/** Of this node alone: what is repeated elsewhere reads the same numbers of another node and changes nothing. */
function createMemoryNonces(now: () => number): NonceStore {
  const expiries = new Map<string, number>();
  return {
    async claim(jti, expiresAt) {
      for (const [known, expiresAtMs] of expiries) if (expiresAtMs < now()) expiries.delete(known);
      if (expiries.has(jti) || expiries.size >= NONCES_MAX) return false;
      expiries.set(jti, expiresAt.getTime());
      return true;
    },
  };
}
