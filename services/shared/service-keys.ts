import { readFileSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { type CryptoKey, importJWK, type JSONWebKeySet, type JWK } from 'jose';
import { z } from 'zod';
import { ConfigurationError } from './config.ts';

/** A private Ed25519 key with the name it signs under. */
export interface NamedKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicJwk: JWK;
}

/** A symmetric key with the name it is known by. */
export interface SymmetricKey {
  readonly kid: string;
  readonly key: Uint8Array;
}

export type Stage = 'development' | 'test' | 'production';

/**
 * Keys of the local stack lie under `.data` or carry `"oa_env": "development"`. A process in production refuses them:
 * they were made for convenience, and nobody kept them from anyone.
 */
const keyFileSchema = z.looseObject({ oa_env: z.string().optional() });
const jwkSchema = z.looseObject({ kty: z.string(), kid: z.string().min(1) });
const keySetSchema = keyFileSchema.extend({ keys: z.array(jwkSchema) });
const secretSchema = keyFileSchema.extend({ key: z.string() });

const symmetricKeySetSchema = keyFileSchema.extend({
  keys: z.array(z.looseObject({ kty: z.literal('oct'), kid: z.string().min(1), k: z.string() })),
});

const AES_256_BYTES = 32;

/** Of an HMAC over SHA-256: less would be the weakest part of it. */
const SECRET_BYTES_MIN = 32;

/** Reads a public key set (JWKS). @throws ConfigurationError */
export function readPublicKeySet(setting: string, file: string, stage: Stage): JSONWebKeySet {
  const { keys } = readKeyFile(setting, file, stage, keySetSchema);
  const secret = keys.find((key) => 'd' in key);
  if (secret) throw fault(setting, file, `holds the private part of key ${secret.kid}`);
  return { keys: keys as JWK[] };
}

/** Reads one private key (a JWK). @throws ConfigurationError */
export async function readPrivateKey(
  setting: string,
  file: string,
  stage: Stage,
): Promise<NamedKey> {
  const jwk = readKeyFile(setting, file, stage, keyFileSchema.extend(jwkSchema.shape));
  return namedKey(setting, file, jwk);
}

/** Reads a private key set, the current key first. @throws ConfigurationError */
export async function readPrivateKeySet(
  setting: string,
  file: string,
  stage: Stage,
): Promise<[NamedKey, ...NamedKey[]]> {
  const { keys } = readKeyFile(setting, file, stage, keySetSchema);
  const [first, ...others] = await Promise.all(keys.map((jwk) => namedKey(setting, file, jwk)));
  if (!first) throw fault(setting, file, 'holds no key');
  return [first, ...others];
}

/** Reads a symmetric key, `{"key": base64url}`. @throws ConfigurationError */
export function readSecretKey(setting: string, file: string, stage: Stage): Uint8Array {
  const key = Buffer.from(readKeyFile(setting, file, stage, secretSchema).key, 'base64url');
  if (key.length >= SECRET_BYTES_MIN) return key;
  throw fault(setting, file, `holds less than ${SECRET_BYTES_MIN} bytes`);
}

/** Reads a set of AES-256 keys (JWKs of type `oct`), the current key first. @throws ConfigurationError */
export function readSymmetricKeySet(
  setting: string,
  file: string,
  stage: Stage,
): [SymmetricKey, ...SymmetricKey[]] {
  const { keys } = readKeyFile(setting, file, stage, symmetricKeySetSchema);
  const [first, ...others] = keys.map(({ kid, k }) => {
    const key = Buffer.from(k, 'base64url');
    if (key.length === AES_256_BYTES) return { kid, key };
    throw fault(
      setting,
      file,
      `holds a key ${kid} of ${key.length} instead of ${AES_256_BYTES} bytes`,
    );
  });
  if (!first) throw fault(setting, file, 'holds no key');
  return [first, ...others];
}

async function namedKey(setting: string, file: string, jwk: z.output<typeof jwkSchema>) {
  const { d, oa_env: _, ...publicJwk } = jwk as JWK & { kid: string; oa_env?: string };
  if (!d) throw fault(setting, file, `key ${publicJwk.kid} has no private part`);
  const privateKey = await importJWK({ ...publicJwk, d }, 'EdDSA');
  if (privateKey instanceof Uint8Array) throw fault(setting, file, 'is a symmetric key');
  return { kid: publicJwk.kid, privateKey, publicJwk };
}

function readKeyFile<S extends z.ZodType<{ oa_env?: string | undefined }>>(
  setting: string,
  file: string,
  stage: Stage,
  schema: S,
): z.output<S> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw fault(setting, file, `cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
  const result = schema.safeParse(parseJson(text));
  if (!result.success) throw fault(setting, file, 'is not a key file of the form that is needed');
  const isLocal = resolve(file).split(sep).includes('.data');
  if (stage === 'production' && (isLocal || result.data.oa_env === 'development')) {
    throw fault(setting, file, 'is a development key, which production refuses');
  }
  return result.data;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fault(setting: string, file: string, reason: string): ConfigurationError {
  return new ConfigurationError([`${setting}: ${file} ${reason}`]);
}
