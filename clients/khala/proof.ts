import { base64url, CompactSign, exportJWK } from 'jose';
import type { ProofKey } from './types.ts';

export interface ProofClaims {
  nonce: string;
  jti: string;
  device_id: string;
}

/** Signs possession of the key that the token's `cnf.jkt` names, over the nonce of this one socket. */
export type Prove = (claims: ProofClaims) => Promise<string>;

export interface ProvenRequest {
  method: string;
  url: string;
  token: string;
  /** By the clock of the token's issuer. */
  atS: number;
}

/** The same for one HTTP request (RFC 9449). */
export type ProveRequest = (request: ProvenRequest) => Promise<string>;

export interface Prover {
  socket: Prove;
  request: ProveRequest;
}

const utf8 = new TextEncoder();

export function createProver(key: ProofKey): Prover {
  const publicJwk = exportJWK(key.publicKey);
  const alg = key.publicKey.algorithm.name === 'ECDSA' ? 'ES256' : 'EdDSA';
  const sign = async (typ: string, claims: object) =>
    new CompactSign(utf8.encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg, typ, jwk: await publicJwk })
      .sign(key.privateKey);
  return {
    socket: (claims) => sign('khala-proof+jwt', claims),
    async request({ method, url, token, atS }) {
      const digest = await crypto.subtle.digest('SHA-256', utf8.encode(token));
      return sign('dpop+jwt', {
        jti: crypto.randomUUID(),
        htm: method,
        htu: url,
        iat: atS,
        ath: base64url.encode(new Uint8Array(digest)),
      });
    },
  };
}
