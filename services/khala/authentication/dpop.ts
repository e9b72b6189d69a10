/**
 * A request by the holder of the key that its token names (RFC 9449).
 *
 * 1. A proof is of one method, one address and one token, is seconds old, and is taken once on this node.
 * 2. What is remembered of proofs is bounded: a node with too many fresh ones refuses the next.
 */
import { createHash } from 'node:crypto';
import { calculateJwkThumbprint, compactVerify, EmbeddedJWK } from 'jose';
import { z } from 'zod';
import { OVERLOADED_RETRY_MS, PROOF_AGE_S_MAX, PROOFS_KEPT_MAX } from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';
import type { Grant } from './sync-token.ts';

const TYPE = 'dpop+jwt';
/** Clocks of two machines differ by a few seconds. */
const CLOCK_TOLERANCE_S = 5;

const claimsSchema = z.object({
  htm: z.string(),
  htu: z.string(),
  iat: z.number(),
  jti: z.string().min(1).max(256),
  ath: z.string(),
});

export interface ProvenRequest {
  proof: string;
  method: string;
  url: URL;
  /** As the client addressed it: behind a proxy the node's own address is another. */
  host: string;
  token: string;
  grant: Grant & { keyThumbprint: string };
}

export interface DpopVerifier {
  /** @throws SessionFault `unauthorized`, `overloaded` */
  verify(request: ProvenRequest): Promise<void>;
}

export function createDpopVerifier({ now }: { now: () => number }): DpopVerifier {
  const seen = new Map<string, number>();

  /** Oldest first, as they are put in by the time at which they are forgotten. */
  function forgetExpired(nowMs: number): void {
    for (const [key, untilMs] of seen) {
      if (untilMs > nowMs) return;
      seen.delete(key);
    }
  }

  function takeOnce(key: string): void {
    const nowMs = now();
    forgetExpired(nowMs);
    if (seen.has(key)) throw new SessionFault('unauthorized', 'proof_replayed');
    if (seen.size >= PROOFS_KEPT_MAX) {
      throw new SessionFault('overloaded', 'too_many_proofs', {
        retryAfterMs: OVERLOADED_RETRY_MS,
      });
    }
    seen.set(key, nowMs + (PROOF_AGE_S_MAX + CLOCK_TOLERANCE_S) * 1_000);
  }

  return {
    async verify({ proof, method, url, host, token, grant }) {
      const { payload, protectedHeader } = await compactVerify(proof, EmbeddedJWK, {
        algorithms: ['EdDSA', 'ES256'],
      }).catch((cause: unknown) => {
        throw new SessionFault('unauthorized', 'invalid_proof', { cause });
      });
      const { typ, jwk } = protectedHeader;
      if (typ !== TYPE || jwk === undefined || 'd' in jwk) {
        throw new SessionFault('unauthorized', 'invalid_proof');
      }
      if ((await calculateJwkThumbprint(jwk)) !== grant.keyThumbprint) {
        throw new SessionFault('unauthorized', 'proof_by_other_key');
      }
      const claims = claimsSchema.safeParse(parseJson(payload));
      if (!claims.success) throw new SessionFault('unauthorized', 'invalid_proof');
      const { htm, htu, iat, jti, ath } = claims.data;
      if (htm !== method || !isAddress(htu, url, host) || ath !== hashOf(token)) {
        throw new SessionFault('unauthorized', 'proof_of_other_request');
      }
      const ageS = now() / 1_000 - iat;
      if (ageS > PROOF_AGE_S_MAX || ageS < -CLOCK_TOLERANCE_S) {
        throw new SessionFault('unauthorized', 'proof_not_fresh');
      }
      takeOnce(`${grant.keyThumbprint} ${jti}`);
    },
  };
}

/** The scheme is left out: TLS may end before the node. */
function isAddress(htu: string, url: URL, host: string): boolean {
  const claimed = URL.parse(htu);
  return claimed !== null && claimed.host === host && claimed.pathname === url.pathname;
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
