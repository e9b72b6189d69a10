import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openProgress } from './progress.ts';
import type { ShardResult } from './shard.ts';

const asked = { runs: 30, kills: 3, shards: 3, seed: 1 };
const resume = { resume: true };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'oa-progress-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const resultOf = (shard: number): ShardResult => ({
  ...{ shard, runs: 10, kills: 1, hostRestarts: 0, seconds: 1 },
  ...{ counts: {}, violations: [] },
});

test('two processes never have one shard', () => {
  const one = openProgress(directory, asked, resume);
  const other = openProgress(directory, asked, resume);
  expect([one.take(), other.take(), one.take(), other.take()]).toEqual([0, 1, 2, undefined]);
});

test('what is finished is not done again, and what was given back is', () => {
  const progress = openProgress(directory, asked, resume);
  progress.finish(resultOf(progress.take() ?? -1));
  progress.giveBack(progress.take() ?? -1);
  const next = openProgress(directory, asked, resume);
  expect(next.results()).toEqual([resultOf(0)]);
  expect(next.take()).toBe(1);
});

test('a shard of a process that died is free', () => {
  openProgress(directory, asked, resume);
  // No process has this number: it is above what the kernel gives.
  writeFileSync(join(directory, 'shard-1.taken.json'), '99999999');
  expect(openProgress(directory, asked, resume).take()).toBe(0);
});

test('a directory of another campaign is not gone on with, and is begun anew where asked', () => {
  openProgress(directory, asked, resume).finish(resultOf(0));
  const other = { ...asked, seed: 2 };
  expect(() => openProgress(directory, other, resume)).toThrow(/another campaign/);
  expect(openProgress(directory, other, { resume: false }).results()).toEqual([]);
});
