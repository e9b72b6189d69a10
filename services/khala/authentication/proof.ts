import { calculateJwkThumbprint, compactVerify, EmbeddedJWK } from 'jose';
import { z } from 'zod';
import { SessionFault } from '../session/session-fault.ts';
import type { Grant } from './sync-token.ts';

const PROOF_TYPE = 'khala-proof+jwt';

const claimsSchema = z.object({ nonce: z.string(), jti: z.string(), device_id: z.string() });

/**
 * The client holds the private key that its token names. The nonce is this socket's own, so a recorded proof opens
 * nothing; `jti` and `device_id` tie it to the token it came with.
 *
 * @throws SessionFault `unauthorized`.
 */
export async function verifyProof(proof: string, grant: Grant, nonce: string): Promise<void> {
  if (grant.keyThumbprint === undefined) return;
  const { payload, protectedHeader } = await compactVerify(proof, EmbeddedJWK, {
    algorithms: ['EdDSA', 'ES256'],
  }).catch((cause: unknown) => {
    throw new SessionFault('unauthorized', 'invalid_proof', { cause });
  });
  if (protectedHeader.typ !== PROOF_TYPE || protectedHeader.jwk === undefined) {
    throw new SessionFault('unauthorized', 'invalid_proof');
  }
  if ((await calculateJwkThumbprint(protectedHeader.jwk)) !== grant.keyThumbprint) {
    throw new SessionFault('unauthorized', 'proof_by_other_key');
  }
  const claims = claimsSchema.safeParse(parseJson(payload));
  const proves =
    claims.success &&
    claims.data.nonce === nonce &&
    claims.data.jti === grant.jti &&
    claims.data.device_id === grant.deviceId;
  if (!proves) throw new SessionFault('unauthorized', 'proof_of_other_claims');
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}
