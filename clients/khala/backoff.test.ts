import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BACKOFF_BASE_MS, BACKOFF_MAX_MS, backoffDelayMs } from './backoff.ts';

test('the ceiling doubles from 250 ms to 8 s and stays there', () => {
  const ceilings = [0, 1, 2, 3, 4, 5, 6, 60].map((attempt) => backoffDelayMs(attempt, 0, () => 1));
  expect(ceilings).toEqual([250, 500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
});

test('jitter is full: anything from nothing to the ceiling', () => {
  fc.assert(
    fc.property(fc.nat(100), fc.double({ min: 0, max: 1, noNaN: true }), (attempt, share) => {
      const delayMs = backoffDelayMs(attempt, 0, () => share);
      expect(delayMs).toBeGreaterThanOrEqual(0);
      expect(delayMs).toBeLessThanOrEqual(BACKOFF_MAX_MS);
    }),
  );
  expect(backoffDelayMs(9, 0, () => 0)).toBe(0);
});

test('the hint of the server is a floor, spread by a little', () => {
  expect(backoffDelayMs(0, 5_000, () => 0)).toBe(5_000);
  expect(backoffDelayMs(9, 5_000, () => 1)).toBe(5_000 + BACKOFF_BASE_MS);
});
