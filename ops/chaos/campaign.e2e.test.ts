import { expect, test } from 'vitest';
import { KILLS, planKills } from './campaign/plan.ts';
import { runShard } from './campaign/shard.ts';
import { describeViolations } from './checker/violation.ts';

const RUNS = 500;
const KILLS_AT_LEAST = 60;
/** A lane may end with a kill that nothing crosses any more. */
const PLANNED = KILLS_AT_LEAST + 6;
const SEED = 20_260;

/** Under two cores with nothing else to do it takes some four minutes. */
const TIMEOUT_MS = 20 * 60_000;

test('500 verified runs live through 60 kills: nothing lost, nothing doubled, every receipt verifies', {
  timeout: TIMEOUT_MS,
}, async () => {
  const result = await runShard({ seed: SEED, runs: RUNS, kills: planKills(SEED, PLANNED) });
  expect(describeViolations(result.violations)).toBe('');
  expect(result.runs).toBe(RUNS);
  expect(result.kills).toBeGreaterThanOrEqual(KILLS_AT_LEAST);
  const met = new Set(Object.keys(result.counts));
  expect(met.size).toBeGreaterThan(KILLS.length / 2);
});
