import { afterAll, beforeAll, expect, test } from 'vitest';
import { giveRun } from '../testing/given.ts';
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

test('a row that was tampered with is listed as drift, and as repaired once it is rebuilt', async () => {
  const run_id = await giveRun(runtime, alice);
  await reproject(run_id);
  await runtime.database.owner`
    update runtime.runs set status = 'succeeded', turns = 7 where run_id = ${run_id}`;
  const topic = `run:${run_id}:events`;
  const [found] = (await control(`/internal/v1/projectors/drift?topic=${topic}`)).json.data.drift;
  expect(found).toMatchObject({
    entity_id: run_id,
    drift_class: 'summary_hash_mismatch',
    repaired: false,
  });

  await reproject(run_id);
  const { drift } = (await control('/internal/v1/projectors/drift')).json.data;
  expect(drift).toMatchObject([
    { entity_id: run_id, drift_class: 'summary_hash_mismatch', repaired: true },
  ]);
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

function reproject(run_id: string) {
  return alice.ask('/v1/projectors/reproject', { json: { run_id } });
}
