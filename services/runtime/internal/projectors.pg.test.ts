import { afterAll, beforeAll, expect, test } from 'vitest';
import { giveRun, giveWorker } from '../testing/given.ts';
import {
  type Ask,
  startTestRuntime,
  type TestPerson,
  type TestRuntime,
} from '../testing/runtime-process.ts';

let runtime: TestRuntime;
let alice: TestPerson;
let control: Ask;

beforeAll(async () => {
  runtime = await startTestRuntime();
  alice = await runtime.person();
  control = runtime.service('control');
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

test('a row that was tampered with is drift, and is rebuilt from the log', async () => {
  const run_id = await giveRun(runtime, alice);
  const first = await reproject({ run_id });
  expect(first.json.data).toEqual({ rebuilt: '1', drift: [] });
  await runtime.database.owner`
    update runtime.runs set status = 'succeeded', turns = 7 where run_id = ${run_id}`;
  const topic = `run:${run_id}:events`;
  const [found] = (await control(`/internal/v1/projectors/drift?topic=${topic}`)).json.data.drift;
  expect(found).toMatchObject({
    entity_id: run_id,
    drift_class: 'summary_hash_mismatch',
    repaired: false,
  });

  const { drift } = (await reproject({ run_id })).json.data;
  expect(drift).toMatchObject([{ entity_id: run_id, repaired: true }]);
  expect((await alice.ask(`/v1/runs/${run_id}`)).json.data.run).toMatchObject({
    status: 'created',
    turns: 0,
  });
  expect((await control('/internal/v1/projectors/drift')).json.data.drift).toEqual([]);
  const { checkpoints } = (await control(`/internal/v1/projectors/checkpoints/${run_id}`)).json
    .data;
  expect(checkpoints).toMatchObject([
    {
      projection_name: 'run_summary',
      last_seq: '1',
      last_event_type: 'run.created',
      lag_events: '0',
    },
  ]);
  const { summary } = (await control(`/internal/v1/projectors/run-summary/${run_id}`)).json.data;
  expect(summary).toMatchObject({
    run_id,
    status: 'created',
    projection_hash: checkpoints[0].projection_hash,
  });
});

test('a worker’s status comes from its log', async () => {
  const worker_id = await giveWorker(alice);
  await runtime.database.owner`
    update runtime.workers set status = 'failed', latest_seq = 9 where worker_id = ${worker_id}`;
  const { drift } = (await reproject({ worker_id })).json.data;
  expect(drift).toMatchObject([{ expected_seq: '1', found_seq: '9', repaired: true }]);
  expect((await alice.ask(`/v1/workers/${worker_id}`)).json.data.worker).toMatchObject({
    status: 'running',
    latest_seq: '1',
  });
});

test('all runs are rebuilt at once', async () => {
  await giveRun(runtime, alice);
  const { rebuilt } = (await reproject({ all: true })).json.data;
  const [row] = await runtime.database.owner`select count(*)::text as count from runtime.runs`;
  expect(rebuilt).toBe(row?.['count']);
});

function reproject(what: object) {
  return control('/internal/v1/projectors/reproject', { json: what });
}
