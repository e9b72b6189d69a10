import { expect, test } from 'vitest';
import { openSteps } from '#services/worker/testing/steps.ts';
import { STEPS_LEFT_OUT, STEPS_OF_A_VERIFIED_RUN, STEPS_OF_OTHER_RUNS } from './boundaries.ts';

test('each activity has its boundaries, or says why it has none', async () => {
  await using steps = await openSteps();
  const named = [
    ...STEPS_OF_A_VERIFIED_RUN,
    ...Object.values(STEPS_OF_OTHER_RUNS).flat(),
    ...Object.keys(STEPS_LEFT_OUT),
  ];
  expect(named.sort()).toEqual(Object.keys(steps.activities).sort());
});
