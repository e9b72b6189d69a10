import { SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createTokenSource } from './token-source.ts';
import type { Clock } from './types.ts';

const secret = new TextEncoder().encode('a key for unsigned purposes only, 32 bytes');

function tokenFor(topics: readonly string[], lifeS = 100): Promise<string> {
  return new SignJWT({ topics: [...topics] })
    .setProtectedHeader({ alg: 'HS256' })
    .setJti(`tok-${topics.join()}`)
    .setIssuedAt(1_000)
    .setExpirationTime(1_000 + lifeS)
    .sign(secret);
}

function clockAt(nowMs: number): Clock & { set(ms: number): void } {
  let current = nowMs;
  return {
    nowMs: () => current,
    after: () => () => undefined,
    set(ms) {
      current = ms;
    },
  };
}

test('concurrent callers share one mint', async () => {
  let mints = 0;
  const source = createTokenSource(async (topics) => {
    mints += 1;
    return { token: await tokenFor(topics), expires_at: '' };
  }, clockAt(0));
  const held = await Promise.all([source.obtain(['a']), source.obtain(['a']), source.renew(['a'])]);
  expect(mints).toBe(1);
  expect(new Set(held).size).toBe(1);
});

test('a held token serves until shortly before its end, by its own lifetime and any clock', async () => {
  let mints = 0;
  const clock = clockAt(5_000_000_000);
  const source = createTokenSource(async (topics) => {
    mints += 1;
    return { token: await tokenFor(topics, 101), expires_at: '1970-01-01T00:00:00.000Z' };
  }, clock);
  const { refreshAtMs, expiresAtMs } = await source.obtain(['a']);
  expect(expiresAtMs).toBe(5_000_100_000);
  expect(refreshAtMs).toBe(5_000_075_000);
  clock.set(expiresAtMs - 6_000);
  await source.obtain(['a']);
  expect(mints).toBe(1);
  clock.set(expiresAtMs - 4_000);
  await source.obtain(['a']);
  expect(mints).toBe(2);
});

test('a topic beyond the held token mints another one, and waits for one under way', async () => {
  const asked: string[] = [];
  const source = createTokenSource(async (topics) => {
    asked.push(topics.join());
    return { token: await tokenFor(topics), expires_at: '' };
  }, clockAt(0));
  const [first, second] = await Promise.all([source.obtain(['a']), source.obtain(['a', 'b'])]);
  expect(asked).toEqual(['a', 'a,b']);
  expect([...(first?.topics ?? [])]).toEqual(['a']);
  expect([...(second?.topics ?? [])]).toEqual(['a', 'b']);
});

test('a failed mint is everyone’s failure, and the next call tries again', async () => {
  let fails = true;
  const source = createTokenSource(async (topics) => {
    if (fails) throw new Error('control is away');
    return { token: await tokenFor(topics), expires_at: '' };
  }, clockAt(0));
  const both = await Promise.allSettled([source.obtain(['a']), source.obtain(['a'])]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  fails = false;
  expect((await source.obtain(['a'])).jti).toBe('tok-a');
});
