import { expect, test } from 'vitest';
import type { RunSpec } from '#proto/gen/types.ts';
import { effectiveLimits } from './limits.ts';

const SPEC: RunSpec = { objective: 'x', work_unit: 'agent_task', thread_id: '', org_id: '' };

test('what the spec leaves open has a default', () => {
  const defaults = {
    wall_s_max: 3_600,
    turns_max: 10,
    output_bytes_max: 67_108_864,
    attempts_max: 2,
  };
  expect(effectiveLimits(SPEC)).toEqual(defaults);
  const zeros = { limits: { wall_s_max: 0, turns_max: 0, output_bytes_max: '0' } };
  expect(effectiveLimits({ ...SPEC, ...zeros })).toEqual(defaults);
});

test('what the spec says holds', () => {
  expect(
    effectiveLimits({
      ...SPEC,
      limits: { wall_s_max: 5, turns_max: 1, output_bytes_max: '10' },
      verification: { tier_min: 'O', attempts_max: 3 },
    }),
  ).toEqual({ wall_s_max: 5, turns_max: 1, output_bytes_max: 10, attempts_max: 3 });
});
