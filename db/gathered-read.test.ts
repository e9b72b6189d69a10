import { expect, test } from 'vitest';
import { gatheredRead } from './gathered-read.ts';

/** A source that answers only when it is told to. */
function slowSource() {
  const readings: { keys: readonly string[]; answer: () => void; fail: () => void }[] = [];
  let version = 0;
  const ask = gatheredRead<string, string>((keys) => {
    const seen = version;
    return new Promise((resolve, reject) => {
      readings.push({
        keys,
        answer: () => resolve(new Map(keys.map((key) => [key, `${key}@${seen}`]))),
        fail: () => reject(new Error('the database is away')),
      });
    });
  });
  const begun = async (count: number) => {
    while (readings.length < count) await new Promise((resolve) => setImmediate(resolve));
    return readings[count - 1];
  };
  return { ask, begun, change: () => (version += 1) };
}

test('who asks during a reading shares the next one, which is no older than the question', async () => {
  const { ask, begun, change } = slowSource();
  const first = ask('a');
  const reading = await begun(1);
  change();
  const later = [ask('a'), ask('b'), ask('b')];
  reading?.answer();
  expect(await first).toBe('a@0');
  const next = await begun(2);
  expect(next?.keys).toEqual(['a', 'b']);
  next?.answer();
  expect(await Promise.all(later)).toEqual(['a@1', 'b@1', 'b@1']);
});

test('a failed reading fails those whom it would have answered, and nobody after them', async () => {
  const { ask, begun } = slowSource();
  const first = ask('a');
  const reading = await begun(1);
  const second = ask('a');
  reading?.fail();
  await expect(first).rejects.toThrow('the database is away');
  (await begun(2))?.answer();
  expect(await second).toBe('a@0');
});

test('a key that is not there is answered with nothing', async () => {
  const ask = gatheredRead(async () => new Map<string, string>());
  expect(await ask('a')).toBeUndefined();
});
