import { expect, test } from 'vitest';
import { createLock } from './lock.ts';

test('work runs one at a time, in order, and a failure blocks nobody', async () => {
  const exclusive = createLock();
  const log: string[] = [];
  const work = (name: string, fails = false) =>
    exclusive(async () => {
      log.push(`${name} begins`);
      await Promise.resolve();
      log.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('a'), work('b', true), work('c')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});
