/** That a simulation can fail: faults that are put in are found, and seeds that once found one still do. */
import { expect, test } from 'vitest';
import { NAMED_SEEDS } from './named-seeds.ts';
import { FailingHistory, playOne, simulate } from './simulate.ts';
import { PLANTED_FAULTS } from './testing/planted-faults.ts';
import { BrokenInvariant } from './world.ts';

const LONG_MS = 600_000;
/** The rarest fault shows in one of some five hundred histories of its world. */
const HISTORIES_TO_FIND = 3_000;
/** The same each time: whether a fault is found is no matter of chance here. */
const SEED = 1;

test.each(Object.entries(PLANTED_FAULTS))('%s: found', { timeout: LONG_MS }, async (_, world) => {
  const alone = { ...world, share: 100 };
  const found = await simulate({ seed: SEED, histories: HISTORIES_TO_FIND }, [alone]).catch(
    (error: unknown) => error,
  );
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
