import { expect, test } from 'vitest';
import { RingBudget } from './ring-budget.ts';

function ringOf(name: string, cooled: string[]) {
  return { ringBytes: 0, cool: () => void cooled.push(name) };
}

test('past the bound the topic that was quiet for the longest time forgets its tail', () => {
  const cooled: string[] = [];
  const budget = new RingBudget(100);
  const [a, b, c] = [ringOf('a', cooled), ringOf('b', cooled), ringOf('c', cooled)];
  for (const ring of [a, b, a]) {
    ring.ringBytes += 30;
    budget.grew(ring);
  }
  expect([budget.bytes, cooled]).toEqual([90, []]);
  c.ringBytes = 40;
  budget.grew(c);
  expect([budget.bytes, cooled]).toEqual([100, ['b']]);
  budget.remove(a);
  expect(budget.bytes).toBe(40);
});

test('one tail alone is bounded too', () => {
  const cooled: string[] = [];
  const budget = new RingBudget(100);
  const ring = ringOf('a', cooled);
  ring.ringBytes = 200;
  budget.grew(ring);
  expect([budget.bytes, cooled]).toEqual([0, ['a']]);
});
