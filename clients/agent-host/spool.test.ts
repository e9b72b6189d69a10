import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ApiError } from '../api/errors.ts';
import { startPublisher } from './publisher.ts';
import { type EventInput, Spool, type SpooledEvent } from './spool.ts';
import { scratch } from './testing/repository.ts';

const log = { info: () => undefined, warn: () => undefined };

function event(text: string, sheddable = false): EventInput {
  return { event_type: 'tool.progress', payload: { text }, sheddable };
}

const textOf = ({ payload }: SpooledEvent) => payload['text'];

test('what was not acknowledged comes again after a crash, under the same keys', async () => {
  using home = scratch();
  const path = join(home.path, 'events.ndjson');
  const first = await Spool.open(path, 'req_1');
  for (const text of ['a', 'b', 'c']) await first.append(event(text));
  await first.acknowledge(1);
  const second = await Spool.open(path, 'req_1');
  expect(await second.peek(10, 1_000_000)).toEqual(await first.peek(10, 1_000_000));
  await second.append(event('d'));
  const keys = (await second.peek(10, 1_000_000)).map(({ idempotency_key }) => idempotency_key);
  expect(keys).toEqual(['req_1/2', 'req_1/3', 'req_1/4']);
});

test('half a line, which a kill left, was never sent and is forgotten', async () => {
  using home = scratch();
  const path = join(home.path, 'events.ndjson');
  const first = await Spool.open(path, 'req_1');
  await first.append(event('a'));
  appendFileSync(path, '{"event_type":"tool.prog');
  const second = await Spool.open(path, 'req_1');
  await second.append(event('b'));
  const third = await Spool.open(path, 'req_1');
  expect((await third.peek(10, 1_000_000)).map(textOf)).toEqual(['a', 'b']);
});

test('beyond its limit progress is shed and counted, and what decides something is kept', async () => {
  using home = scratch();
  const limits = { waitingBytesMax: 300, fileBytesMax: 1_000_000 };
  const spool = await Spool.open(join(home.path, 'events.ndjson'), 'req_1', limits);
  for (let count = 0; count < 50; count += 1) await spool.append(event('x'.repeat(20), true));
  await spool.append(event('decides'));
  expect(spool.shed).toBeGreaterThan(30);
  expect((await spool.peek(100, 1_000_000)).map(textOf).at(-1)).toBe('decides');
});

test('a batch is bounded by events and by bytes, and never empty', async () => {
  using home = scratch();
  const spool = await Spool.open(join(home.path, 'events.ndjson'), 'req_1');
  for (let count = 0; count < 5; count += 1) await spool.append(event('x'.repeat(1_000)));
  expect(await spool.peek(3, 1_000_000)).toHaveLength(3);
  expect(await spool.peek(10, 2_500)).toHaveLength(2);
  expect(await spool.peek(10, 1)).toHaveLength(1);
});

async function published(post: (events: SpooledEvent[]) => Promise<void>, texts: string[]) {
  using home = scratch();
  const spool = await Spool.open(join(home.path, 'events.ndjson'), 'req_1');
  const publisher = startPublisher({ post: (_, events) => post(events), log }, 'run_1', spool);
  for (const text of texts) await spool.append(event(text));
  try {
    await publisher.drained();
  } finally {
    await publisher.stop();
    await spool.close();
  }
}

test('one event that the contract refuses does not take its neighbours with it', async () => {
  const taken: unknown[] = [];
  await published(
    async (events) => {
      if (events.some((each) => textOf(each) === 'bad')) {
        throw new ApiError('Validation', 'invalid', { status: 422, code: 'invalid_request' });
      }
      taken.push(...events.map(textOf));
    },
    ['a', 'bad', 'b'],
  );
  expect(taken).toEqual(['a', 'b']);
});

test('a run that has ended takes no more, and nothing waits for it', async () => {
  let calls = 0;
  await published(async () => {
    calls += 1;
    throw new ApiError('Validation', 'the run has ended', { status: 409, code: 'run_closed' });
  }, ['a', 'b']);
  expect(calls).toBe(1);
});

test('a refused credential ends the publishing and is told', async () => {
  const refused = published(async () => {
    throw new ApiError('Unauthorized', 'revoked', { status: 401 });
  }, ['a']);
  await expect(refused).rejects.toMatchObject({ kind: 'Unauthorized' });
});
