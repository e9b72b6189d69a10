import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { write } from '../agent-host/testing/repository.ts';
import { scratch } from '../api/testing/scratch.ts';
import { readBundle, unpackBundle } from './bundle.ts';

/** An archive as the real `tar` writes it. */
function tar(directory: string, args: string[]): Buffer {
  return execFileSync('tar', ['--format=ustar', '-cf', '-', '-C', directory, ...args]);
}

test.each([[[]], [['-z']]])('a bundle is unpacked, gzipped or not (%s)', async (flags) => {
  using home = scratch();
  write(join(home.path, 'in', 'patch.diff'), 'x'.repeat(700));
  write(join(home.path, 'in', 'RECEIPT.json'), '{}\n');
  write(join(home.path, 'in', 'empty'), '');
  const bytes = tar(join(home.path, 'in'), [...flags, 'patch.diff', 'RECEIPT.json', 'empty']);
  const names = await unpackBundle(bytes, join(home.path, 'out'));
  expect(names).toEqual(['patch.diff', 'RECEIPT.json', 'empty']);
  expect(readFileSync(join(home.path, 'out', 'patch.diff'), 'utf8')).toBe('x'.repeat(700));
});

test('a bundle cannot write anywhere but into its directory', () => {
  using home = scratch();
  mkdirSync(join(home.path, 'in'));
  write(join(home.path, 'evil'), 'x');
  symlinkSync('/etc/passwd', join(home.path, 'in', 'link'));
  const outside = execFileSync('tar', ['-cPf', '-', '-C', join(home.path, 'in'), '../evil']);
  expect(() => readBundle(outside)).toThrow('no bundle has');
  expect(() => readBundle(tar(join(home.path, 'in'), ['link']))).toThrow('no bundle has');
});

test('what is no bundle, or half of one, is refused', () => {
  using home = scratch();
  write(join(home.path, 'a'), 'x'.repeat(5_000));
  expect(() => readBundle(Buffer.from('<html>'))).toThrow('cannot be unpacked');
  expect(() => readBundle(tar(home.path, ['a']).subarray(0, 1_024))).toThrow('cut off');
});
