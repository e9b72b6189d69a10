/**
 * `node ops/khala-checker/long.ts [--deliveries N] [--seed N] [--nodes N] [--again]`: the checker over many recorded
 * deliveries, in shards that are processes of their own. The same command with the same seed goes on where it was
 * interrupted. Ends with the counts of every class; a shard that found something prints its seed and can be run alone.
 */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { runShards, type ShardOutcome } from '../verify-long/shards.ts';
import { FAULT_CLASSES } from './violation.ts';
import type { WorkloadOutcome } from './workload.ts';

const DIRECTORY = join(import.meta.dirname, '..', '..', '.data', 'khala-checker');
/** Some minutes of work and some hundred megabytes of records, which are kept until they are checked. */
const SHARD_DELIVERIES = 500_000;

const { values } = parseArgs({
  options: {
    deliveries: { type: 'string', default: '10000000' },
    seed: { type: 'string', default: '1' },
    nodes: { type: 'string', default: '2' },
    again: { type: 'boolean', default: false },
  },
});
const seed = Number(values.seed) >>> 0;
const deliveries = Number(values.deliveries);
const name = `seed-${seed}-nodes-${values.nodes}`;
const progress = join(DIRECTORY, `${name}.json`);
const outcomesFile = join(DIRECTORY, `${name}.outcomes.jsonl`);
if (values.again) for (const file of [progress, outcomesFile]) rmSync(file, { force: true });
mkdirSync(DIRECTORY, { recursive: true });

type Outcome = WorkloadOutcome & { cpuMs: number };

const ended = await runShards(
  { shards: Math.ceil(deliveries / SHARD_DELIVERIES) },
  { ...{ file: progress, seed, workers: 1 }, run: (shard) => play(shard) },
);
summarize(ended);

async function play(shard: ShardOutcome['shard']): Promise<boolean> {
  const wanted = Math.min(SHARD_DELIVERIES, deliveries);
  const words = ['--seed', shard.seed, '--deliveries', wanted, '--nodes', values.nodes].map(String);
  const child = spawn(process.execPath, [join(import.meta.dirname, 'shard.ts'), ...words], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  if (code === 0) appendFileSync(outcomesFile, text);
  const outcome = parsed(text);
  say(
    `shard ${shard.number}, seed ${shard.seed}: ${code === 0 ? 'ok' : 'FAILED'}, ${outcomeLine(outcome)}`,
  );
  for (const violation of outcome?.violations ?? []) say(`  ${JSON.stringify(violation)}`);
  return code === 0;
}

function parsed(text: string): Outcome | undefined {
  return text.startsWith('{') ? JSON.parse(text) : undefined;
}

function outcomeLine(outcome: Outcome | undefined): string {
  if (!outcome) return 'without an outcome';
  const { deliveries: count, elapsedMs, cpuMs } = outcome;
  const rate = Math.round((count * 1_000) / elapsedMs);
  return `${count} deliveries in ${Math.round(elapsedMs / 1_000)} s, ${rate}/s, ${(cpuMs / 1_000).toFixed(0)} s of CPU`;
}

/** Over all shards that have passed, those of earlier calls included. */
function summarize(outcomes: ShardOutcome[]): void {
  const failed = outcomes.filter(({ ok }) => !ok);
  const lines = existsSync(outcomesFile)
    ? readFileSync(outcomesFile, 'utf8').trim().split('\n')
    : [];
  const passed = lines.flatMap((line) => parsed(line) ?? []);
  const sum = (of: (outcome: Outcome) => number) =>
    passed.reduce((total, each) => total + of(each), 0);
  const classes = FAULT_CLASSES.map((fault) => `${fault} ${sum(({ byClass }) => byClass[fault])}`);
  const disturbed = sum(({ disturbances }) =>
    Object.values(disturbances).reduce((a, b) => a + b, 0),
  );
  say(
    `seed ${seed}: ${sum((each) => each.deliveries)} deliveries in ${passed.length} shards, ${sum((each) => each.crashes)} clients and ${disturbed} times something else brought down; ${classes.join(', ')}`,
  );
  if (failed.length > 0) {
    say(
      `${failed.length} shards FAILED; run one alone: node ops/khala-checker/shard.ts --seed SEED`,
    );
    process.exitCode = 1;
  }
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
