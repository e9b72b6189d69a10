import { expect, test } from 'vitest';
import type { TopicHead } from '../journal/journal-reader.ts';
import { LOOKUPS_AT_EASE_MAX } from '../limits.ts';
import { SCRIPTED_HEAD } from '../testing/scripted-journal.ts';
import { createHeadLookup } from './head-lookup.ts';

function scripted(faults = 0) {
  const asked: (readonly string[])[] = [];
  let left = faults;
  const lookup = createHeadLookup(
    {
      async headsByTopic(topics): Promise<TopicHead[]> {
        asked.push(topics);
        if (left > 0) {
          left -= 1;
          throw new Error('the database is away');
        }
        const known = topics.filter((topic) => !topic.startsWith('unknown'));
        return known.map((topic) => ({ ...SCRIPTED_HEAD, topic }));
      },
    },
    () => undefined,
  );
  return { asked, lookup };
}

const always = () => true;

test('whoever asks gets the rows of its own topics, and none of a topic without one', async () => {
  const { lookup } = scripted();
  const [first, second] = await Promise.all([
    lookup.heads(['a', 'unknown'], always),
    lookup.heads(['b', 'a'], always),
  ]);
  expect(first.map(({ topic }) => topic)).toEqual(['a']);
  expect(second.map(({ topic }) => topic)).toEqual(['b', 'a']);
});

test('joins of a storm share reads, one for many', async () => {
  const { asked, lookup } = scripted();
  const answers: Promise<TopicHead[]>[] = [];
  for (let client = 0; client < 600; client += 1) {
    answers.push(lookup.heads([`t${client % 100}`], always));
    if (client % 3 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await Promise.all(answers);
  expect(asked.length).toBeLessThanOrEqual(LOOKUPS_AT_EASE_MAX + 20);
});

test('an outage is waited for by those who are still there', async () => {
  const { asked, lookup } = scripted(1);
  const [left, stayed] = await Promise.all([
    lookup.heads(['a'], () => false),
    lookup.heads(['b'], always),
  ]);
  expect(left).toEqual([]);
  expect(stayed.map(({ topic }) => topic)).toEqual(['b']);
  expect(asked.length).toBeGreaterThan(1);
});
