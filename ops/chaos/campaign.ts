/**
 * Many tiny verified runs at once while every process dies, again and again, at every boundary: nothing may be lost, nothing
 * doubled, every receipt must verify.
 *
 *   node ops/chaos/campaign.ts --runs 10000 --kills 1000 --shards 10 --seed 1 --state campaign.json --resume
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parseArgs } from 'node:util';
import { planKills } from './campaign/plan.ts';
import { reportOf } from './campaign/report.ts';
import { runShard, ShardInterrupted, type ShardResult } from './campaign/shard.ts';
import { describeViolations } from './checker/violation.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    kills: { type: 'string', default: '1000' },
    shards: { type: 'string', default: '10' },
    seed: { type: 'string', default: '1' },
    state: { type: 'string' },
    resume: { type: 'boolean', default: false },
  },
});

interface State {
  runs: number;
  kills: number;
  shards: number;
  seed: number;
  results: ShardResult[];
}

const asked = {
  runs: Number(values.runs),
  kills: Number(values.kills),
  shards: Number(values.shards),
  seed: Number(values.seed),
};
const file = values.state ?? join('.data', `campaign-${asked.seed}.json`);
const state = openState();
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort());
}
const plan = planKills(asked.seed, asked.kills);
const say = (line: string) => void process.stdout.write(`${line}\n`);

for (let shard = state.results.length; shard < asked.shards; shard += 1) {
  const runs = share(asked.runs, shard);
  const kills = plan.slice(before(asked.kills, shard), before(asked.kills, shard + 1));
  say(`shard ${shard + 1} of ${asked.shards}: ${runs} runs, ${kills.length} kills`);
  const result = await runShard({
    ...{ seed: asked.seed, shard, runs, kills, signal: interrupted.signal },
    onProgress({ runs: done, kills: killed, seconds }) {
      const left = asked.runs - totalRuns() - done;
      const perSecond = (totalRuns() + done) / (totalSeconds() + seconds);
      const minutes = perSecond > 0 ? (left / perSecond / 60).toFixed(0) : '?';
      say(`  ${done} runs, ${killed} kills, ${seconds.toFixed(0)} s; about ${minutes} min left`);
    },
  }).catch((error: unknown) => {
    if (error instanceof ShardInterrupted) return undefined;
    throw error;
  });
  if (!result) break;
  state.results.push(result);
  save();
  if (result.violations.length > 0) {
    say(describeViolations(result.violations));
    process.exitCode = 1;
  }
}
say(reportOf(state.results, asked));

/** How many of `total` belong to the shards before this one. */
function before(total: number, shard: number): number {
  return Math.floor((shard * total) / asked.shards);
}

function share(total: number, shard: number): number {
  return before(total, shard + 1) - before(total, shard);
}

function totalRuns(): number {
  return state.results.reduce((sum, { runs }) => sum + runs, 0);
}

function totalSeconds(): number {
  return state.results.reduce((sum, { seconds }) => sum + seconds, 0);
}

function openState(): State {
  const fresh = { ...asked, results: [] };
  if (!values.resume || !existsSync(file)) return fresh;
  const found = JSON.parse(readFileSync(file, 'utf8')) as State;
  const { results, ...was } = found;
  if (JSON.stringify(was) !== JSON.stringify(asked)) {
    throw new Error(`${file} is of another campaign: ${JSON.stringify(was)}`);
  }
  return { ...asked, results };
}

/** A campaign that is killed itself goes on with the next shard. */
function save(): void {
  mkdirSync(dirname(file), { recursive: true });
  const next = `${file}.next`;
  writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(next, file);
}
