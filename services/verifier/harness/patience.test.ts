import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { patiently, SilentLineError, withoutSilence } from './patience.ts';

const never = new AbortController().signal;

test('what may pass is tried again, what may not is thrown at once', async () => {
  let calls = 0;
  const flaky = async () => {
    calls += 1;
    if (calls < 3) throw new Error('away');
    return calls;
  };
  expect(await patiently(flaky, () => true, never)).toBe(3);
  await expect(
    patiently(
      () => Promise.reject(new Error('wrong')),
      () => false,
      never,
    ),
  ).rejects.toThrow('wrong');
});

test('patience ends with the signal, and after its time', async () => {
  const stop = new AbortController();
  const waiting = patiently(
    () => Promise.reject(new Error('away')),
    () => true,
    stop.signal,
  );
  stop.abort();
  await expect(waiting).rejects.toThrow();
  let nowMs = 0;
  const late = patiently(
    async () => {
      nowMs += 3_600_000;
      throw new Error('still away');
    },
    () => true,
    never,
    { now: () => nowMs },
  );
  await expect(late).rejects.toThrow('still away');
});

test('a line that falls silent ends the call; one on which something comes does not', async () => {
  const silent = withoutSilence(never, ({ signal }) => delay(60_000, undefined, { signal }), 50);
  await expect(silent).rejects.toThrow(SilentLineError);
  const slow = withoutSilence(
    never,
    async ({ signal, heard }) => {
      for (let part = 0; part < 5; part += 1) {
        await delay(60, undefined, { signal });
        heard();
      }
      return 'all of it';
    },
    200,
  );
  expect(await slow).toBe('all of it');
});
