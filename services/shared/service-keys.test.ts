import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  readPrivateKey,
  readPrivateKeySet,
  readPublicKeySet,
  readSecretKey,
} from './service-keys.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-keys-'));
});
afterEach(() => rm(directory, { recursive: true }));

test('a private key is read with its public half', async () => {
  const file = await keyFile('key.json', await privateJwk('runtime'));
  const key = await readPrivateKey('KEY', file, 'production');
  expect(key.kid).toBe('runtime');
  expect(key.publicJwk).not.toHaveProperty('d');
});

test('production refuses the keys of the local stack, by their mark and by their place', async () => {
  const jwk = await privateJwk('runtime');
  const marked = await keyFile('key.json', { ...jwk, oa_env: 'development' });
  await mkdir(join(directory, '.data'));
  const placed = await keyFile(join('.data', 'key.json'), jwk);
  for (const file of [marked, placed]) {
    await expect(readPrivateKey('KEY', file, 'production')).rejects.toThrow('a development key');
    expect((await readPrivateKey('KEY', file, 'development')).kid).toBe('runtime');
  }
});

test('a file that cannot serve is named with its setting', async () => {
  await expect(readPrivateKey('KEY', join(directory, 'none'), 'test')).rejects.toThrow(
    /KEY: .* \(ENOENT\)/,
  );
  await expect(readPrivateKeySet('KEYS', await keyFile('a', { keys: [] }), 'test')).rejects.toThrow(
    'holds no key',
  );
  const secret = await keyFile('b', { keys: [await privateJwk('x')] });
  expect(() => readPublicKeySet('TRUSTED', secret, 'test')).toThrow('the private part of key x');
  const text = join(directory, 'c');
  await writeFile(text, 'not json');
  await expect(readPrivateKey('KEY', text, 'test')).rejects.toThrow('is not a key file');
});

test('a symmetric key is read if it is long enough, and under the same rules', async () => {
  const key = Buffer.alloc(32, 7).toString('base64url');
  const good = await keyFile('good.json', { key });
  expect(readSecretKey('SECRET', good, 'production')).toEqual(Buffer.alloc(32, 7));
  const short = await keyFile('short.json', { key: 'AAAA' });
  expect(() => readSecretKey('SECRET', short, 'test')).toThrow(/SECRET: .* less than 32 bytes/);
  const marked = await keyFile('marked.json', { key, oa_env: 'development' });
  expect(() => readSecretKey('SECRET', marked, 'production')).toThrow('a development key');
});

async function keyFile(name: string, content: object): Promise<string> {
  const path = join(directory, name);
  await writeFile(path, JSON.stringify(content));
  return path;
}

async function privateJwk(kid: string) {
  const { privateKey } = await generateKeyPair('EdDSA', { extractable: true });
  return { ...(await exportJWK(privateKey)), kid };
}
