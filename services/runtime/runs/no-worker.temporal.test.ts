import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lab, openLab } from '../../worker/testing/lab.ts';
import { startTestRuntime, type TestRuntime } from '../testing/runtime-process.ts';

const SPEC = {
  objective: 'count the files',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['true'] },
};

let lab: Lab;
let runtime: TestRuntime;

beforeAll(async () => {
  lab = await openLab();
  runtime = await startTestRuntime({ lab });
});
afterAll(async () => {
  await runtime?.[Symbol.asyncDispose]();
  await lab?.[Symbol.asyncDispose]();
});

test('without a worker in time the answer is 503, and the same key finds the run later', async () => {
  const bob = await runtime.person();
  const create = () => bob.ask('/v1/runs', { json: { spec: SPEC }, key: 'patient' });
  const runs = async () => (await bob.ask('/v1/runs')).json.data.runs;

  const refused = await create();
  expect([refused.status, refused.json.code]).toEqual([503, 'service_unavailable']);
  expect([refused.json.retryable, refused.headers.get('retry-after')]).toEqual([true, '1']);
  expect(await runs()).toEqual([]);
  const [kept] = await lab.owner`
    select reserved_id from runtime.idempotency_keys where key = 'patient'`;

  await lab.startWorker();
  const created = await create();
  expect(created.status).toBe(201);
  expect(created.json.data.run_id).toBe(`run_${kept?.['reserved_id']}`);
  expect(await runs()).toHaveLength(1);
});
