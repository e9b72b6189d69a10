/**
 * Many tiny verified runs at once while every process dies, again and again, at every boundary: nothing may be lost, nothing
 * doubled, every receipt must verify.
 *
 *   node ops/chaos/campaign.ts --runs 10000 --kills 1000 --shards 10 --seed 1 --state campaign --resume
 *
 * Started twice with `--resume`, two processes share the shards.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { planKills } from './campaign/plan.ts';
import { openProgress } from './campaign/progress.ts';
import { reportOf } from './campaign/report.ts';
import { runShard, ShardInterrupted } from './campaign/shard.ts';
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

const asked = {
  runs: Number(values.runs),
  kills: Number(values.kills),
  shards: Number(values.shards),
  seed: Number(values.seed),
};
const directory = values.state ?? join('.data', `campaign-${asked.seed}`);
const progress = openProgress(directory, asked, { resume: values.resume });
const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => interrupted.abort());
}
const plan = planKills(asked.seed, asked.kills);
const say = (line: string) => void process.stdout.write(`${line}\n`);

for (let shard = progress.take(); shard !== undefined; shard = progress.take()) {
  const runs = share(asked.runs, shard);
  const kills = plan.slice(before(asked.kills, shard), before(asked.kills, shard + 1));
  say(`shard ${shard + 1} of ${asked.shards}: ${runs} runs, ${kills.length} kills`);
  try {
    const result = await runShard({
      ...{ seed: asked.seed, shard, runs, kills, signal: interrupted.signal },
      onProgress({ runs: done, kills: killed, seconds }) {
        const minutes = done > 0 ? ((seconds * (runs - done)) / done / 60).toFixed(0) : '?';
        say(
          `  ${done} runs, ${killed} kills, ${seconds.toFixed(0)} s; about ${minutes} min left of it`,
        );
      },
    });
    progress.finish(result);
    if (result.violations.length > 0) say(describeViolations(result.violations));
  } catch (error) {
    progress.giveBack(shard);
    if (error instanceof ShardInterrupted) break;
    throw error;
  }
}
const results = progress.results();
if (results.some(({ violations }) => violations.length > 0)) process.exitCode = 1;
say(reportOf(results, asked));

/** How many of `total` belong to the shards before this one. */
function before(total: number, shard: number): number {
  return Math.floor((shard * total) / asked.shards);
}

function share(total: number, shard: number): number {
  return before(total, shard + 1) - before(total, shard);
}
