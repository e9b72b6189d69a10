import { exportJWK, generateKeyPair } from 'jose';
import type { NamedKey } from '../../shared/service-keys.ts';

export async function newReceiptKey(kid: string): Promise<NamedKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid } };
}
