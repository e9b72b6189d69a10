import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readPayloadKeys } from './key-ring.ts';
import { writePayloadKeys } from './testing/key-file.ts';

let directory: string;
let runs: string;
let verifications: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-key-ring-'));
  runs = await writePayloadKeys(directory, 'runs-2', 'runs-1');
  verifications = await writePayloadKeys(directory, 'verifications-1');
});
afterAll(() => rm(directory, { recursive: true }));

test('without files payloads stay as they are, but not in production', () => {
  const none = { OA_PAYLOAD_KEYS_FILE: '', OA_VERIFICATION_PAYLOAD_KEYS_FILE: '' };
  expect(readPayloadKeys({ ...none, OA_ENV: 'development' })).toBeUndefined();
  expect(() => readPayloadKeys({ ...none, OA_ENV: 'production' })).toThrow(
    'production encrypts what Temporal keeps',
  );
});

test('the first key of a ring encrypts, and verifications have a ring of their own', () => {
  const keys = readPayloadKeys({
    OA_PAYLOAD_KEYS_FILE: runs,
    OA_VERIFICATION_PAYLOAD_KEYS_FILE: verifications,
    OA_ENV: 'test',
  });
  expect(keys?.keyFor('run/run_1').kid).toBe('runs-2');
  expect(keys?.keyFor(undefined).kid).toBe('runs-2');
  expect(keys?.keyFor('verification/verification_1').kid).toBe('verifications-1');
  expect(keys?.find('runs-1')).toBeDefined();
});

test('the verifier finds no key of runs', () => {
  const keys = readPayloadKeys({
    OA_VERIFICATION_PAYLOAD_KEYS_FILE: verifications,
    OA_ENV: 'test',
  });
  expect(keys?.find('verifications-1')).toBeDefined();
  expect(keys?.find('runs-2')).toBeUndefined();
});

test('one file without the other is refused, by the name of what is missing', () => {
  expect(() =>
    readPayloadKeys({
      OA_PAYLOAD_KEYS_FILE: '',
      OA_VERIFICATION_PAYLOAD_KEYS_FILE: verifications,
      OA_ENV: 'test',
    }),
  ).toThrow('OA_PAYLOAD_KEYS_FILE: is not set, while the other payload keys are');
});

test('keys of the wrong length and development keys in production are refused', async () => {
  const short = join(directory, 'short.json');
  await writeFile(short, JSON.stringify({ keys: [{ kty: 'oct', kid: 'short', k: 'AAAA' }] }));
  const read = (file: string, OA_ENV: 'test' | 'production') => () =>
    readPayloadKeys({ OA_VERIFICATION_PAYLOAD_KEYS_FILE: file, OA_ENV });
  expect(read(short, 'test')).toThrow('a key short of 3 instead of 32 bytes');
  const marked = join(directory, 'marked.json');
  await writeFile(marked, JSON.stringify({ oa_env: 'development', keys: [] }));
  expect(read(marked, 'production')).toThrow('a development key');
});
