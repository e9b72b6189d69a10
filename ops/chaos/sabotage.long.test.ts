import { expect, test } from 'vitest';
import { runShard } from './campaign/shard.ts';
import { SABOTAGES, type Sabotage } from './sabotage.ts';

/** A platform that was sabotaged may not come to an end; on a busy machine the first run takes half of this. */
const STUCK_AFTER_MS = 60_000;
const TIMEOUT_MS = 600_000;

const campaignOf = ({ kills, runs, notesPerRun }: Sabotage) => ({
  ...{ seed: 1, runs, kills, notesPerRun },
});

test.each(SABOTAGES)(
  'a campaign without $name fails',
  { timeout: TIMEOUT_MS },
  async (sabotage) => {
    const { violations, kills } = await runShard({
      ...campaignOf(sabotage),
      stuckAfterMs: STUCK_AFTER_MS,
      prepare: sabotage.takeAway,
    });
    if (sabotage.kills.length > 0) expect(kills).toBeGreaterThan(0);
    const broken = new Set(violations.map(({ rule }) => rule));
    expect(sabotage.breaks.filter((rule) => broken.has(rule))).not.toEqual([]);
  },
);

test.each(SABOTAGES)(
  'the same campaign with $name holds',
  { timeout: TIMEOUT_MS },
  async (sabotage) => {
    const { violations, kills } = await runShard(campaignOf(sabotage));
    expect(kills).toBe(sabotage.kills.length);
    expect(violations).toEqual([]);
  },
);
