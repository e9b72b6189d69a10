import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ShardResult } from './shard.ts';

export interface Asked {
  runs: number;
  kills: number;
  shards: number;
  seed: number;
}

/** Which shards of a campaign are done, in a directory that several processes may share. */
export interface Progress {
  /** A shard that nobody has, from now on this process's; undefined where none is left. */
  take(): number | undefined;
  giveBack(shard: number): void;
  finish(result: ShardResult): void;
  /** In the order of shards. */
  results(): ShardResult[];
}

/** @throws Error where the directory belongs to another campaign */
export function openProgress(
  directory: string,
  asked: Asked,
  { resume }: { resume: boolean },
): Progress {
  if (!resume) rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  const askedFile = join(directory, 'campaign.json');
  if (!existsSync(askedFile)) replace(askedFile, asked);
  const was = readFileSync(askedFile, 'utf8');
  if (JSON.stringify(JSON.parse(was)) !== JSON.stringify(asked)) {
    throw new Error(`${directory} is of another campaign: ${was}`);
  }
  const fileOf = (shard: number, kind: 'result' | 'taken') =>
    join(directory, `shard-${shard + 1}.${kind}.json`);
  const shards = Array.from({ length: asked.shards }, (_, shard) => shard);

  function claim(shard: number): boolean {
    const file = fileOf(shard, 'taken');
    if (existsSync(file) && !isAlive(Number(readFileSync(file, 'utf8')))) rmSync(file);
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    }
  }

  return {
    take: () => shards.find((shard) => !existsSync(fileOf(shard, 'result')) && claim(shard)),
    giveBack(shard) {
      rmSync(fileOf(shard, 'taken'), { force: true });
    },
    finish(result) {
      replace(fileOf(result.shard, 'result'), result);
      rmSync(fileOf(result.shard, 'taken'), { force: true });
    },
    results: () =>
      shards
        .map((shard) => fileOf(shard, 'result'))
        .filter((file) => existsSync(file))
        .map((file) => JSON.parse(readFileSync(file, 'utf8'))),
  };
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A process that is killed leaves the whole file or none. */
function replace(file: string, content: object): void {
  const next = `${file}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(next, file);
}
