import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addressBehind } from './address-gate.ts';
import { waitFor } from './rate-limit.ts';

const windowMs = 60_000;

test('within the limit nobody waits', () => {
  expect(waitFor({ count: 30, previousCount: 0, elapsedMs: 0, limit: 30, windowMs })).toBe(0);
});

test('the hits of the last window fade', () => {
  const state = { count: 1, previousCount: 30, limit: 30, windowMs };
  expect(waitFor({ ...state, elapsedMs: 0 })).toBeGreaterThan(0);
  expect(waitFor({ ...state, elapsedMs: 2_000 })).toBe(0);
});

test('whoever waits as told is let in', () => {
  const state = fc.record({
    limit: fc.integer({ min: 2, max: 300 }),
    elapsedMs: fc.integer({ min: 0, max: windowMs - 1 }),
    fill: fc.float({ min: 0, max: 1, noNaN: true }),
    before: fc.float({ min: 0, max: 1, noNaN: true }),
  });
  let refused = 0;
  fc.assert(
    fc.property(state, ({ limit, elapsedMs, fill, before }) => {
      const count = 1 + Math.round(fill * limit);
      const previousCount = Math.round(before * (limit + 1));
      const waitMs = waitFor({ count, previousCount, elapsedMs, limit, windowMs });
      if (waitMs === 0) return;
      refused += 1;
      const thenMs = elapsedMs + waitMs;
      const isSameWindow = thenMs < windowMs;
      const later = isSameWindow
        ? { count: Math.min(count, limit) + 1, previousCount, elapsedMs: thenMs }
        : { count: 1, previousCount: count, elapsedMs: thenMs - windowMs };
      expect(waitFor({ ...later, limit, windowMs })).toBe(0);
    }),
    { numRuns: 5_000, seed: 20_261_121 },
  );
  expect(refused).toBeGreaterThan(100);
});

test.each([
  ['9.9.9.9', '', [], '9.9.9.9'],
  ['9.9.9.9', '1.1.1.1', [], '9.9.9.9'],
  ['10.0.0.1', '1.1.1.1, 2.2.2.2', ['10.0.0.1'], '2.2.2.2'],
  ['10.0.0.1', '1.1.1.1, 10.0.0.2', ['10.0.0.1', '10.0.0.2'], '1.1.1.1'],
  ['10.0.0.1', '', ['10.0.0.1'], '10.0.0.1'],
  ['::ffff:10.0.0.1', '2.2.2.2', ['10.0.0.1'], '2.2.2.2'],
])('%s saying “%s” behind %j is %s', (peer, forwardedFor, proxies, address) => {
  expect(addressBehind(peer, forwardedFor, proxies)).toBe(address);
});
