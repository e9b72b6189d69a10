import { expect, test } from 'vitest';
import { parseHint } from './hint.ts';

test('a hint is read entry by entry; what does not parse is dropped', () => {
  expect(parseHint('1:2,x,3:,44:55')).toEqual([
    { topic_id: 1n, head_seq: 2n },
    { topic_id: 44n, head_seq: 55n },
  ]);
  expect(parseHint('')).toEqual([]);
});
