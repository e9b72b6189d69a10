import { KILLS } from './plan.ts';
import type { ShardResult } from './shard.ts';

/** Fewer would leave it to chance whether a kind of kill met anything. */
const KILLS_OF_A_KIND_MIN = 5;

/** What a campaign did, for a person and for `docs/bench.md`: an honest part of it where it was ended early. */
export function reportOf(
  results: readonly ShardResult[],
  asked: { runs: number; kills: number; shards: number; seed: number },
): string {
  const total = (of: (result: ShardResult) => number) =>
    results.reduce((sum, result) => sum + of(result), 0);
  const [runs, kills, seconds] = [
    total((one) => one.runs),
    total((one) => one.kills),
    total((one) => one.seconds),
  ];
  const counted = KILLS.map(({ label }) => ({
    label,
    count: total(({ counts }) => counts[label] ?? 0),
  }));
  const rare = counted.filter(({ count }) => count < KILLS_OF_A_KIND_MIN);
  const violations = total((one) => one.violations.length);
  return [
    `seed ${asked.seed}: ${runs} of ${asked.runs} runs, ${kills} of ${asked.kills} kills in ${results.length} of ${asked.shards} shards,`,
    `${(seconds / 60).toFixed(1)} min, ${(runs / Math.max(seconds, 1)).toFixed(2)} runs per second; ${violations} violations`,
    '',
    '| killed | times |',
    '| --- | --- |',
    ...counted.map(({ label, count }) => `| ${label} | ${count} |`),
    '',
    rare.length === 0
      ? `every kind of kill happened at least ${KILLS_OF_A_KIND_MIN} times`
      : `below ${KILLS_OF_A_KIND_MIN}: ${rare.map(({ label, count }) => `${label} (${count})`).join(', ')}`,
  ].join('\n');
}
