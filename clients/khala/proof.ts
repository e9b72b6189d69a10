import { CompactSign, exportJWK } from 'jose';
import type { ProofKey } from './types.ts';

export interface ProofClaims {
  nonce: string;
  jti: string;
  device_id: string;
}

export type Prove = (claims: ProofClaims) => Promise<string>;

/** Signs possession of the key that the token's `cnf.jkt` names, over the nonce of this one socket. */
export function createProver(key: ProofKey): Prove {
  const publicJwk = exportJWK(key.publicKey);
  return async (claims) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({
        alg: key.publicKey.algorithm.name === 'ECDSA' ? 'ES256' : 'EdDSA',
        typ: 'khala-proof+jwt',
        jwk: await publicJwk,
      })
      .sign(key.privateKey);
}
