import { expect, test } from 'vitest';
import { NAMED_SEEDS } from './named-seeds.ts';
import { FailingHistory, playOne, simulate, simulationOf } from './simulate.ts';
import { PLANTED_FAULTS } from './testing/planted-faults.ts';
import { BrokenInvariant } from './world.ts';
import { RULE_WORLDS, WORLDS } from './worlds.ts';

const LONG_MS = 600_000;
/** Every fault shows within these many histories of its world, whatever the seed. */
const HISTORIES_TO_FIND = 3_000;

const simulation = simulationOf(process.env);

test(`no history of rules and projections breaks an invariant (seed ${simulation.seed})`, {
  timeout: LONG_MS,
}, async () => {
  expect(await simulate(simulation, RULE_WORLDS)).toBeGreaterThan(0);
});

test('every hundred histories are shared out among the worlds', () => {
  expect(WORLDS.reduce((sum, { share }) => sum + share, 0)).toBe(100);
});

test.each(Object.entries(PLANTED_FAULTS))('%s: found', { timeout: LONG_MS }, async (_, world) => {
  const whole = { seed: simulation.seed, histories: HISTORIES_TO_FIND };
  const found = await simulate(whole, [{ ...world, share: 100 }]).catch((error: unknown) => error);
  expect(found).toBeInstanceOf(FailingHistory);
  if (!(found instanceof FailingHistory)) return;
  expect(found.cause).toBeInstanceOf(BrokenInvariant);
  // What was printed is enough to see it again.
  await expect(playOne(world, found.seed)).rejects.toThrow(String(found.seed));
});

test.each(NAMED_SEEDS)('$name (seed $seed)', async ({ world, planted, seed }) => {
  await playOne(world, seed);
  await expect(playOne(planted, seed)).rejects.toThrow(FailingHistory);
});
