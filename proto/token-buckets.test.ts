import { expect, test } from 'vitest';
import { createTokenBuckets } from './token-buckets.ts';

test('a cost is paid whole or not at all, and the wait is what it takes to afford it', () => {
  let nowMs = 0;
  const buckets = createTokenBuckets({
    ...{ perSecond: 10, burst: 20, bucketsMax: 9 },
    clock: () => nowMs,
  });
  expect(buckets.take('a', 15)).toEqual({ ok: true });
  expect(buckets.take('a', 10)).toEqual({ ok: false, retryAfterMs: 500 });
  expect(buckets.take('a', 5)).toEqual({ ok: true });
  nowMs = 60_000;
  expect(buckets.take('a', 21)).toEqual({ ok: false, retryAfterMs: 100 });
  expect(buckets.take('a', 20)).toEqual({ ok: true });
});

test('however many keys come, no more are remembered, and those in use are', () => {
  const buckets = createTokenBuckets({ perSecond: 1, burst: 1, bucketsMax: 100, clock: () => 0 });
  expect(buckets.take('busy').ok).toBe(true);
  for (let key = 0; key < 5_000; key += 1) {
    buckets.take(`key ${key}`);
    expect(buckets.take('busy').ok).toBe(false);
  }
  expect(buckets.take('key 4999').ok).toBe(false);
  expect(buckets.take('key 0').ok).toBe(true);
});
