import { afterAll, beforeAll, expect, test } from 'vitest';
import { giveRun, giveWorker } from '../testing/given.ts';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

let runtime: TestRuntime;
let alice: TestPerson;
let bob: TestPerson;

beforeAll(async () => {
  runtime = await startTestRuntime();
  alice = await runtime.person();
  bob = await runtime.person();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

interface State {
  topic: string;
  head_seq: string;
}

async function listed(person: TestPerson, query = ''): Promise<State[]> {
  const { status, json, text } = await person.ask(`/v1/sync/topics${query}`);
  expect([status, text]).toEqual([200, text]);
  return json.data.topics;
}

test('people see the topics of their runs and workers with their positions and policy, and nobody else’s', async () => {
  const run = await giveRun(runtime, alice);
  const worker = await giveWorker(alice);
  const topics = await listed(alice);
  expect(topics).toContainEqual({
    topic: `run:${run}:events`,
    class: 'run_events',
    epoch: expect.stringMatching(/^[0-9a-f-]{36}$/),
    head_seq: '1',
    floor_seq: '0',
    snapshot_seq: '0',
    policy: {
      tier: 'warm',
      replay_budget_events: '20000',
      retention_s: '604800',
      payload_bytes_max: '262144',
      publish_rate_per_second: '240',
      snapshot_from: 'bootstrap_read',
    },
  });
  expect(topics.map(({ topic }) => topic)).toContain(`worker:${worker}:events`);
  expect(await listed(bob)).toEqual([]);
});

test('one topic is asked for by name; a foreign one is as one that there is not', async () => {
  const run = await giveRun(runtime, alice);
  const topic = `run:${run}:events`;
  expect(await listed(alice, `?topic=${topic}`)).toMatchObject([{ topic, head_seq: '1' }]);
  for (const [person, name, status, code] of [
    [bob, topic, 404, 'not_found'],
    [alice, 'system:revocations', 404, 'not_found'],
    [alice, 'run:1:events', 422, 'invalid_request'],
  ] as const) {
    const { json, ...answer } = await person.ask(`/v1/sync/topics?topic=${name}`);
    expect([answer.status, json.code]).toEqual([status, code]);
  }
});
