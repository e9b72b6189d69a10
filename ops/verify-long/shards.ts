/** Which shards of a long mode have passed: on disk after each, so that an interrupted run goes on where it stopped. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { LongMode, Shard } from './modes.ts';

export interface Progress {
  seed: number;
  passed: number[];
}

export interface ShardOutcome {
  shard: Shard;
  ok: boolean;
}

export interface ShardRun {
  /** Where the progress is kept. */
  file: string;
  seed: number;
  /** Processes at once. */
  workers: number;
  run(shard: Shard): Promise<boolean>;
}

/** The progress of an earlier run with this seed; nothing where there is none, or one of another seed. */
export function readProgress(file: string, seed: number): Progress {
  try {
    const progress: Progress = JSON.parse(readFileSync(file, 'utf8'));
    if (progress.seed === seed) return progress;
  } catch {
    // Nothing was begun here.
  }
  return { seed, passed: [] };
}

/** Runs what has not passed yet. A shard that fails is run again by the next call. */
export async function runShards(
  mode: Pick<LongMode, 'shards'>,
  { file, seed, workers, run }: ShardRun,
): Promise<ShardOutcome[]> {
  const progress = readProgress(file, seed);
  const waiting = Array.from({ length: mode.shards }, (_, index) =>
    shardOf(seed, index + 1),
  ).filter(({ number }) => !progress.passed.includes(number));
  const outcomes: ShardOutcome[] = [];

  async function work(): Promise<void> {
    for (let shard = waiting.shift(); shard; shard = waiting.shift()) {
      const ok = await run(shard);
      outcomes.push({ shard, ok });
      if (!ok) continue;
      progress.passed.push(shard.number);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(progress)}\n`);
    }
  }

  await Promise.all(Array.from({ length: workers }, work));
  return outcomes.sort((a, b) => a.shard.number - b.shard.number);
}

/** Far apart, so that the seeds which a shard derives from its own are not those of its neighbour. */
const SEED_DISTANCE = 0x9e3779b1;

function shardOf(seed: number, number: number): Shard {
  return { number, seed: (seed + Math.imul(number, SEED_DISTANCE)) >>> 0 };
}
