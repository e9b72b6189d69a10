import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose';

/** Services that sign assertions to each other. */
const SIGNING_SERVICES = ['control', 'runtime', 'worker', 'verifier'] as const;
export type SigningService = (typeof SIGNING_SERVICES)[number];

/** Database roles whose passwords the stack makes up. */
export interface DatabasePasswords {
  oa_control: string;
  oa_runtime: string;
  oa_khala: string;
}

export interface KeyFiles {
  serviceKey: (service: SigningService) => string;
  trustedServices: string;
  controlTokens: string;
  controlRefresh: string;
  receipts: string;
  payloads: string;
  verificationPayloads: string;
  databasePasswords: DatabasePasswords;
}

/** Production refuses keys that carry it, wherever they lie. */
const MARK = { oa_env: 'development' };

/** Makes what is missing of the development keys, each readable by its owner alone, and says where they lie. */
export async function ensureKeys(directory: string): Promise<KeyFiles> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const file = (name: string) => join(directory, name);
  const serviceKey = (service: SigningService) => file(`service-${service}.json`);
  for (const service of SIGNING_SERVICES) {
    await writeOnce(serviceKey(service), () => privateJwk(service));
  }
  const trusted = await Promise.all(
    SIGNING_SERVICES.map((name) => readPublicJwk(serviceKey(name))),
  );
  await writePrivate(file('trusted-services.json'), { ...MARK, keys: trusted });
  await writeOnce(file('control-tokens.json'), async () => ({
    ...MARK,
    keys: [await privateJwk()],
  }));
  await writeOnce(file('receipts.json'), async () => ({ ...MARK, keys: [await privateJwk()] }));
  await writeOnce(file('control-refresh.json'), async () => ({ ...MARK, key: secret() }));
  for (const name of ['payloads', 'verification-payloads']) {
    await writeOnce(file(`${name}.json`), async () => ({ ...MARK, keys: [payloadKey(name)] }));
  }
  await writeOnce(file('database.json'), async () => ({
    oa_control: secret(),
    oa_runtime: secret(),
    oa_khala: secret(),
  }));
  return {
    serviceKey,
    trustedServices: file('trusted-services.json'),
    controlTokens: file('control-tokens.json'),
    controlRefresh: file('control-refresh.json'),
    receipts: file('receipts.json'),
    payloads: file('payloads.json'),
    verificationPayloads: file('verification-payloads.json'),
    databasePasswords: JSON.parse(await readFile(file('database.json'), 'utf8')),
  };
}

const SECRET_BYTES = 32;

function secret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

function payloadKey(name: string): JWK {
  return { kty: 'oct', kid: `${name}-1`, k: secret() };
}

async function privateJwk(kid?: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jwk = await exportJWK(privateKey);
  return {
    ...MARK,
    ...jwk,
    kid: kid ?? (await calculateJwkThumbprint(jwk)),
    alg: 'EdDSA',
    use: 'sig',
  };
}

async function readPublicJwk(path: string): Promise<JWK> {
  const { d: _private, oa_env: _mark, ...publicJwk } = JSON.parse(await readFile(path, 'utf8'));
  return publicJwk;
}

async function writeOnce(path: string, make: () => Promise<unknown>): Promise<void> {
  if (!existsSync(path)) await writePrivate(path, await make());
}

async function writePrivate(path: string, value: unknown): Promise<void> {
  const next = `${path}.${process.pid}`;
  await writeFile(next, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  await rename(next, path);
}
