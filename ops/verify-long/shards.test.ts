import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Shard } from './modes.ts';
import { runShards } from './shards.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-shards-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const MODE = { shards: 5 };

test('an interrupted run goes on where it stopped, and runs again what failed', async () => {
  const file = join(directory, 'resumed.json');
  const ran: number[] = [];
  const until = (last: number) => async (shard: Shard) => {
    if (shard.number > last) throw new Error('interrupted');
    ran.push(shard.number);
    return shard.number !== 2;
  };
  await expect(runShards(MODE, { file, seed: 7, workers: 1, run: until(3) })).rejects.toThrow();
  const outcomes = await runShards(MODE, { file, seed: 7, workers: 2, run: until(5) });
  expect(ran).toEqual([1, 2, 3, 2, 4, 5]);
  expect(outcomes.map(({ shard, ok }) => [shard.number, ok])).toEqual([
    [2, false],
    [4, true],
    [5, true],
  ]);
});

test('another seed begins anew, and no two shards share one', async () => {
  const file = join(directory, 'seeds.json');
  const seeds = new Set<number>();
  const run = async ({ seed }: Shard) => seeds.add(seed).size > 0;
  await runShards(MODE, { file, seed: 1, workers: 1, run });
  expect(await runShards(MODE, { file, seed: 1, workers: 1, run })).toEqual([]);
  await runShards(MODE, { file, seed: 2, workers: 1, run });
  expect(seeds.size).toBe(10);
});
