import { expect, test } from 'vitest';
import { HINT_PAYLOAD_BYTES_MAX, parseHint, takePayload } from './hint-payload.ts';

test('a hint is read entry by entry; what does not parse is dropped', () => {
  expect(parseHint('1:2,x,3:,44:55')).toEqual([
    { topic_id: 1n, head_seq: 2n },
    { topic_id: 44n, head_seq: 55n },
  ]);
  expect(parseHint('')).toEqual([]);
});

test('a payload that is longer than ours can be is dropped whole', () => {
  expect(parseHint('1:2,'.repeat(HINT_PAYLOAD_BYTES_MAX))).toEqual([]);
});

test('payloads are filled up to their size and lose no topic', () => {
  const heads = new Map(Array.from({ length: 5_000 }, (_, id) => [BigInt(id), 2n ** 62n]));
  const pending = new Map(heads);
  const taken = new Map<bigint, bigint>();
  while (pending.size > 0) {
    const payload = takePayload(pending);
    expect(payload.length).toBeLessThanOrEqual(HINT_PAYLOAD_BYTES_MAX);
    for (const { topic_id, head_seq } of parseHint(payload)) taken.set(topic_id, head_seq);
  }
  expect(taken).toEqual(heads);
});
