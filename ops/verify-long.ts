/**
 * `npm run verify:long -- [MODE] [--seed N] [--workers N]`: the long modes, in seeded shards. The same command with the
 * same seed goes on where it was interrupted; another seed, or `--again`, begins anew.
 */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { LONG_MODES, type LongMode, type Shard } from './verify-long/modes.ts';
import { readProgress, runShards } from './verify-long/shards.ts';

const ROOT = join(import.meta.dirname, '..');
const SEED_DEFAULT = 1;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string' },
    workers: { type: 'string' },
    again: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed ?? SEED_DEFAULT) >>> 0;
const workers = Math.max(1, Number(values.workers ?? 1));
const modes = LONG_MODES.filter(
  ({ name }) => positionals.length === 0 || positionals.includes(name),
);
if (modes.length === 0) {
  const known = LONG_MODES.map(
    ({ name, shards, summary }) => `  ${name}: ${summary}, ${shards} shards`,
  );
  process.stderr.write(`no such mode; there are:\n${known.join('\n')}\n`);
  process.exit(2);
}

for (const mode of modes) {
  const file = join(ROOT, '.data', 'verify-long', `${mode.name}.json`);
  if (values.again) rmSync(file, { force: true });
  const { passed } = readProgress(file, seed);
  say(`${mode.name}, seed ${seed}: ${passed.length} of ${mode.shards} shards have passed before`);
  const outcomes = await runShards(mode, { file, seed, workers, run: (shard) => run(mode, shard) });
  const failed = outcomes.filter(({ ok }) => !ok);
  if (failed.length > 0) process.exitCode = 1;
  say(
    `${mode.name}: ${failed.length === 0 ? 'every shard has passed' : `${failed.length} shards FAILED`}`,
  );
}

async function run(mode: LongMode, shard: Shard): Promise<boolean> {
  const startedMs = performance.now();
  const child = spawn(process.execPath, mode.command(shard), {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...mode.environment(shard) },
  });
  const code = await new Promise<number | null>((resolve) => child.on('exit', resolve));
  const seconds = ((performance.now() - startedMs) / 1_000).toFixed(0);
  say(
    `${code === 0 ? 'ok' : 'FAILED'}  ${mode.name} shard ${shard.number}, seed ${shard.seed} (${seconds} s)`,
  );
  return code === 0;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
