import { expect, test } from 'vitest';
import { createPublishRate } from './publish-rate.ts';

test('a burst of one second is taken, the next batch waits for its turn', () => {
  let nowMs = 0;
  const rate = createPublishRate({ perSecond: 10, clock: () => nowMs });
  const burst = Array.from({ length: 10 }, () => rate.take('run').ok);
  expect(burst).toEqual(Array(10).fill(true));
  expect(rate.take('run')).toEqual({ ok: false, retryAfterMs: 100 });
  nowMs = 100;
  expect(rate.take('run').ok).toBe(true);
  expect(rate.take('run').ok).toBe(false);
});

test('topics do not share a bucket, and a clock that goes back takes nothing away', () => {
  let nowMs = 1_000;
  const rate = createPublishRate({ perSecond: 1, clock: () => nowMs });
  expect(rate.take('a').ok).toBe(true);
  expect(rate.take('b').ok).toBe(true);
  nowMs = 0;
  expect(rate.take('a').ok).toBe(false);
  nowMs = 1_000;
  expect(rate.take('a').ok).toBe(true);
});
