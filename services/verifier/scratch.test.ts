import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isStaleOwner, openScratch } from './scratch.ts';

let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(tmpdir(), 'oa-scratch-')), 'root');
});
afterEach(() => rmSync(join(root, '..'), { recursive: true }));

it('is closed to everybody else', () => {
  const scratch = openScratch(root);
  expect(statSync(root).mode & 0o777).toBe(0o700);
  expect(statSync(scratch.directory).mode & 0o777).toBe(0o700);
});

it('removes what a dead process left, keeps what a living one uses and what is not its own', async () => {
  const child = spawn(process.execPath, ['-e', '']);
  await once(child, 'exit');
  const dead = join(root, `${child.pid}-17`);
  const reused = join(root, `${process.pid}-1`);
  const foreign = join(root, 'something');
  for (const directory of [dead, reused, foreign]) mkdirSync(directory, { recursive: true });
  const mine = openScratch(root).directory;
  openScratch(root);
  expect([dead, reused, foreign, mine].map((directory) => existsSync(directory))).toEqual([
    false,
    false,
    true,
    true,
  ]);
});

it('reads the owner from the name of a control group, whatever follows', () => {
  const { owner } = openScratch(root);
  expect(isStaleOwner(`${owner}-12`)).toBe(false);
  expect(isStaleOwner(`${process.pid}-1-12`)).toBe(true);
  expect(isStaleOwner('trial')).toBe(false);
});
