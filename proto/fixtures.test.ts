import { expect, it } from 'vitest';
import { loadFixtures } from './testing/fixture-files.ts';
import { readFixtures } from './testing/fixtures.ts';

it('every published fixture still reads as it did when it was published', async () => {
  const lines = await readFixtures(loadFixtures());
  expect(lines.filter((line) => !line.startsWith('ok '))).toEqual([]);
  expect(lines.length).toBeGreaterThan(60);
});

it('a fixture that changed is noticed', async () => {
  const fixtures = loadFixtures();
  const [frame] = fixtures.frames;
  if (frame === undefined) throw new Error('there are no frames');
  frame.json = { ...frame.json, payload: { nonce: 'other' } };
  fixtures.replay = fixtures.replay.replace('succeeded', 'failed');
  const wrong = (await readFixtures(fixtures)).filter((line) => line.startsWith('WRONG'));
  expect(wrong.map((line) => line.split(':')[0])).toEqual([
    'WRONG frame challenge in JSON',
    'WRONG frame challenge in binary',
    'WRONG replay file',
  ]);
});
