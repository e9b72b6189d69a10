import { afterAll, beforeAll, expect, test } from 'vitest';
import { giveRun } from '../testing/given.ts';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

const ORG = 'org_01jq8z0000000000000000000a';

let runtime: TestRuntime;
let alice: TestPerson;

beforeAll(async () => {
  runtime = await startTestRuntime();
  alice = await runtime.person({ org_id: ORG });
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

test('pages walk through all runs, the newest first', async () => {
  const bob = await runtime.person();
  const created: string[] = [];
  for (let index = 0; index < 5; index += 1) created.unshift(await giveRun(runtime, bob));
  const seen: string[] = [];
  let cursor = '';
  do {
    const page = await bob.ask(`/v1/runs?limit=2${cursor && `&cursor=${cursor}`}`);
    seen.push(...page.json.data.runs.map((run: { run_id: string }) => run.run_id));
    cursor = page.json.data.next_cursor;
  } while (cursor !== '');
  expect(seen).toEqual(created);
});

test('each filter narrows the list', async () => {
  const run_id = await giveRun(runtime, alice);
  await runtime.database.owner`
    update runtime.runs set status = 'running', phase = 'executing' where run_id = ${run_id}`;
  const found = async (query: string) =>
    (await alice.ask(`/v1/runs?${query}`)).json.data.runs.map(
      (run: { run_id: string }) => run.run_id,
    );
  for (const [name, value, other] of [
    ['status', 'running', 'failed'],
    ['phase', 'executing', 'verifying'],
    ['work_unit', 'agent_task', 'sandbox_run'],
  ]) {
    expect(await found(`${name}=${value}`)).toEqual([run_id]);
    expect(await found(`${name}=${other}`)).toEqual([]);
  }
});

test('members read the runs of their organisation, and only their owner commands them', async () => {
  const owner = await runtime.person({ org_id: ORG });
  const member = await runtime.person({ org_id: ORG });
  const run_id = await giveRun(runtime, owner, { org_id: ORG });
  expect((await member.ask(`/v1/runs/${run_id}`)).status).toBe(200);
  const listed = (await member.ask(`/v1/runs?org_id=${ORG}`)).json.data.runs;
  expect(listed.map((run: { run_id: string }) => run.run_id)).toContain(run_id);
  const cancel = await member.ask(`/v1/runs/${run_id}/cancel`, { json: {} });
  expect([cancel.status, cancel.json.code]).toEqual([403, 'forbidden']);
  const append = await member.ask(`/v1/runs/${run_id}/events`, {
    json: { events: [{ event_type: 'text.delta' }] },
  });
  expect(append.status).toBe(404);
  const elsewhere = await alice.ask('/v1/runs?org_id=org_01jq8z0000000000000000000b');
  expect(elsewhere.status).toBe(404);
});
