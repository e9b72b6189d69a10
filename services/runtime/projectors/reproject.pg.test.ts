import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { ROLE_SCOPES } from '#proto/scopes.ts';
import { giveRun, giveWorker } from '../testing/given.ts';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

/** More than a page of all. */
const RUNS = 120;

let runtime: TestRuntime;
let alice: TestPerson;
let operator: TestPerson;

beforeAll(async () => {
  runtime = await startTestRuntime();
  alice = await runtime.person();
  operator = await runtime.person({ scopes: [...ROLE_SCOPES.viewer, 'runtime.write', 'ops.read'] });
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

function reproject(person: TestPerson, json: object, key = newId('req')) {
  return person.ask('/v1/projectors/reproject', { json, key });
}

async function corruptRun(run_id: string): Promise<void> {
  await runtime.database.owner`
    update runtime.runs set status = 'succeeded', turns = 7 where run_id = ${run_id}`;
}

async function rowOf(run_id: string) {
  const [row] = await runtime.database.owner`
    select status, turns from runtime.runs where run_id = ${run_id}`;
  return row;
}

const CORRUPTED = { status: 'succeeded', turns: 7 };
const AS_LOGGED = { status: 'created', turns: 0 };

describe('a run', () => {
  test('is rebuilt from its log for its owner, and a key is answered once', async () => {
    const run_id = await giveRun(runtime, alice);
    await corruptRun(run_id);
    const key = newId('req');
    const { status, json } = await reproject(alice, { run_id }, key);
    expect(status).toBe(200);
    expect(json.data).toMatchObject({
      rebuilt: '1',
      drift: [{ entity_id: run_id, drift_class: 'summary_hash_mismatch', repaired: true }],
      next_cursor: '',
    });
    expect(json.receipt.audit_id).toMatch(/^audit_/);
    expect(await rowOf(run_id)).toEqual(AS_LOGGED);

    const again = await reproject(alice, { run_id }, key);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(again.json).toEqual(json);
    const nothingLeft = await reproject(alice, { run_id });
    expect(nothingLeft.json.data).toMatchObject({ rebuilt: '1', drift: [] });
  });

  test('is not there for a stranger, and is rebuilt for an operator', async () => {
    const run_id = await giveRun(runtime, alice);
    await corruptRun(run_id);
    const refused = await reproject(await runtime.person(), { run_id });
    expect([refused.status, refused.json.code]).toEqual([404, 'not_found']);
    expect(await rowOf(run_id)).toEqual(CORRUPTED);
    expect((await reproject(operator, { run_id })).status).toBe(200);
    expect(await rowOf(run_id)).toEqual(AS_LOGGED);
  });

  test('whose log was changed is not rebuilt, and that is said', async () => {
    const run_id = await giveRun(runtime, alice);
    await runtime.database.owner.begin(async (tx) => {
      // What append-only forbids, done by someone who owns the server.
      await tx`set local session_replication_role = replica`;
      await tx`update runtime.run_events set event_type = 'text.done' where run_id = ${run_id}`;
    });
    await corruptRun(run_id);
    const { json } = await reproject(alice, { run_id });
    expect(json.data).toMatchObject({
      rebuilt: '0',
      drift: [{ entity_id: run_id, drift_class: 'broken_log', repaired: false }],
    });
    expect(await rowOf(run_id)).toEqual(CORRUPTED);
  });
});

test('a worker is rebuilt for its owner and an operator, and is not there for a stranger', async () => {
  const worker_id = await giveWorker(alice);
  const drift = [{ expected_seq: '1', found_seq: '9', drift_class: 'hash_and_lag_drift' }];
  for (const person of [alice, operator]) {
    await runtime.database.owner`
      update runtime.workers set status = 'failed', latest_seq = 9 where worker_id = ${worker_id}`;
    expect((await reproject(await runtime.person(), { worker_id })).status).toBe(404);
    expect((await reproject(person, { worker_id })).json.data).toMatchObject({ drift });
    expect((await alice.ask(`/v1/workers/${worker_id}`)).json.data.worker).toMatchObject({
      status: 'running',
      latest_seq: '1',
    });
  }
});

test('all is for an operator alone, who walks over every run and worker, page by page', async () => {
  const ids: string[] = [];
  for (let given = 0; given < RUNS; given += 1) ids.push(await giveRun(runtime, alice));
  const last = ids.at(-1) ?? '';
  await corruptRun(last);
  const refused = await reproject(alice, { all: true });
  expect([refused.status, refused.json.detail]).toEqual([
    403,
    'The credential lacks the scope ops.read.',
  ]);
  expect(await rowOf(last)).toEqual(CORRUPTED);

  let rebuilt = 0;
  let pages = 0;
  let cursor = '';
  const drifted: string[] = [];
  do {
    const { data } = (await reproject(operator, { all: true, cursor })).json;
    rebuilt += Number(data.rebuilt);
    drifted.push(...data.drift.map(({ entity_id }: { entity_id: string }) => entity_id));
    cursor = data.next_cursor;
    pages += 1;
  } while (cursor !== '');
  const [counted] = await runtime.database.owner<{ there: number }[]>`
    select ((select count(*) from runtime.runs) + (select count(*) from runtime.workers))::int as there`;
  const broken = 1;
  expect(rebuilt).toBe((counted?.there ?? 0) - broken);
  expect(pages).toBeGreaterThan(2);
  expect(drifted).toContain(last);
  expect(await rowOf(last)).toEqual(AS_LOGGED);
});

test('who names nothing, or a cursor that is none, is told so', async () => {
  expect((await reproject(alice, {})).status).toBe(422);
  expect((await reproject(operator, { all: true, cursor: 'nowhere' })).status).toBe(422);
});
