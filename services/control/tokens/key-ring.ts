import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose';
import type { NamedKey } from '../../shared/service-keys.ts';

/** The keys of our tokens: the first signs, all of them verify until the last token signed by them has expired. */
export interface KeyRing {
  readonly current: NamedKey;
  /** What `/.well-known/jwks.json` answers. */
  readonly published: JSONWebKeySet;
  readonly verify: JWTVerifyGetKey;
}

export function createKeyRing([current, ...retiring]: readonly [NamedKey, ...NamedKey[]]): KeyRing {
  const published = {
    keys: [current, ...retiring].map(({ kid, publicJwk }) => ({
      ...publicJwk,
      kid,
      alg: 'EdDSA',
      use: 'sig',
    })),
  };
  return { current, published, verify: createLocalJWKSet(published) };
}
