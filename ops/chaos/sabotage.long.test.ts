import { expect, test } from 'vitest';
import { runShard } from './campaign/shard.ts';
import { SABOTAGES } from './sabotage.ts';

const RUNS = 30;
/** A platform that was sabotaged may not come to an end. */
const STUCK_AFTER_MS = 20_000;

test.each(SABOTAGES)('a campaign without $name fails', { timeout: 300_000 }, async (sabotage) => {
  const { violations, kills } = await runShard({
    seed: 1,
    runs: RUNS,
    kills: sabotage.kills,
    notesPerRun: sabotage.notesPerRun,
    stuckAfterMs: STUCK_AFTER_MS,
    prepare: sabotage.takeAway,
  });
  if (sabotage.kills.length > 0) expect(kills).toBeGreaterThan(0);
  const broken = new Set(violations.map(({ rule }) => rule));
  expect(sabotage.breaks.filter((rule) => broken.has(rule))).not.toEqual([]);
});
