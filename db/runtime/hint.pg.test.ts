import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { testDatabase } from '../testing/database.ts';
import { createHinter } from './hint.ts';
import { HINT_CHANNEL, parseHint } from './hint-payload.ts';

const BUSY_MS = 500;

test('a hint does not wait for the answer to the one before, which a busy process reads late', async () => {
  await using database = await testDatabase(['runtime']);
  const hinter = createHinter({ url: database.runtimeUrl, applicationName: 'oa-busy-hint' });
  const heard = new Set<bigint>();
  await database.owner.listen(HINT_CHANNEL, (payload) => {
    for (const { topic_id } of parseHint(payload)) heard.add(topic_id);
  });
  const hint = (topic_id: bigint) => hinter.hint([{ topic_id, topic: 'a topic', head_seq: 1n }]);
  // The connection stands and its statement is prepared.
  hint(1n);
  await expect.poll(() => heard.has(1n)).toBe(true);

  hint(2n);
  hint(3n);
  // They are gathered in one turn and written in the next.
  await nextTurn();
  await nextTurn();
  const busyUntilMs = Date.now() + BUSY_MS;
  while (Date.now() < busyUntilMs);

  await expect.poll(() => heard.has(3n)).toBe(true);
  const [last] = await database.owner<{ query_start: Date }[]>`
    select query_start from pg_stat_activity where application_name = 'oa-busy-hint'`;
  expect(last?.query_start.getTime()).toBeLessThan(busyUntilMs);
  await hinter.close();
});

test('hints that gather behind the ones under way name each topic with its newest head', async () => {
  await using database = await testDatabase(['runtime']);
  const hinter = createHinter({ url: database.runtimeUrl, applicationName: 'oa-test-hint' });
  const heads = new Map<bigint, bigint>();
  let payloads = 0;
  await database.owner.listen(HINT_CHANNEL, (payload) => {
    payloads += 1;
    for (const { topic_id, head_seq } of parseHint(payload)) {
      if (head_seq > (heads.get(topic_id) ?? 0n)) heads.set(topic_id, head_seq);
    }
  });
  const [steps, topics] = [100, 2_000];
  for (let step = 1; step <= steps; step += 1) {
    hinter.hint(
      Array.from({ length: topics }, (_, index) => ({
        topic_id: BigInt(index + 1),
        topic: 'a topic',
        head_seq: BigInt(step),
      })),
    );
  }
  await hinter.close();
  await expect.poll(() => payloads > 0 && heads.size).toBe(topics);
  await expect.poll(() => [...heads.values()].every((head) => head === BigInt(steps))).toBe(true);
  expect(payloads).toBeLessThan(steps);
});
