import { expect, test } from 'vitest';
import { KILLS, planKills } from './plan.ts';

test('a seed gives one plan, another seed another order', () => {
  const labels = (seed: number) => planKills(seed, 200).map(({ label }) => label);
  expect(labels(1)).toEqual(labels(1));
  expect(labels(1)).not.toEqual(labels(2));
});

test('every kind of kill comes as often as every other, give or take one', () => {
  const counts = new Map(KILLS.map(({ label }) => [label, 0]));
  for (const { label } of planKills(7, 500)) counts.set(label, (counts.get(label) ?? 0) + 1);
  const [least, most] = [Math.min(...counts.values()), Math.max(...counts.values())];
  expect(most - least).toBeLessThanOrEqual(1);
  expect(least).toBeGreaterThanOrEqual(5);
});
