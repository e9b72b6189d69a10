import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigurationError } from '../shared/config.ts';
import { createSecrets, readRootKey } from './secrets.ts';

const one = createSecrets(Buffer.alloc(32, 1));
const other = createSecrets(Buffer.alloc(32, 2));

test('a successor follows from its token and the key alone', () => {
  expect(one.successorOf('oa_rt_a')).toBe(one.successorOf('oa_rt_a'));
  expect(one.successorOf('oa_rt_a')).not.toBe(one.successorOf('oa_rt_b'));
  expect(one.successorOf('oa_rt_a')).not.toBe(other.successorOf('oa_rt_a'));
  expect(one.successorOf('oa_rt_a')).toMatch(/^oa_rt_[A-Za-z0-9_-]{43}$/);
});

test('equal codes of two challenges leave different traces', () => {
  expect(one.codeHash('challenge_a', '123456')).not.toEqual(one.codeHash('challenge_b', '123456'));
});

test('one use of the key says nothing about another', () => {
  expect(one.principalHash('x')).not.toEqual(one.codeHash('', 'x'));
});

const directory = mkdtempSync(join(tmpdir(), 'oa-secrets-'));
function keyFile(name: string, content: string): string {
  const file = join(directory, name);
  writeFileSync(file, content);
  return file;
}
const good = Buffer.alloc(32, 7).toString('base64url');

test.each([
  ['no JSON', '{', 'production'],
  ['no key', '{}', 'production'],
  ['a short key', '{"key":"AAAA"}', 'production'],
  ['a development key in production', `{"key":"${good}","oa_env":"development"}`, 'production'],
])('%s is refused by the name of its setting', (name, content, stage) => {
  const file = keyFile(name, content);
  expect(() => readRootKey('CONTROL_REFRESH_KEY_FILE', file, stage)).toThrow(ConfigurationError);
  expect(() => readRootKey('CONTROL_REFRESH_KEY_FILE', file, stage)).toThrow(
    /CONTROL_REFRESH_KEY_FILE/,
  );
});

test('a missing file is refused', () => {
  expect(() => readRootKey('K', join(directory, 'absent'), 'test')).toThrow(/ENOENT/);
});

test('a development key serves development', () => {
  const file = keyFile('dev', `{"key":"${good}","oa_env":"development"}`);
  expect(readRootKey('K', file, 'development')).toEqual(Buffer.alloc(32, 7));
});
