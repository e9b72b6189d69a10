import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { transaction } from '../transaction.ts';
import { insertRun, listRuns, readRun, readRunFor, runMessage } from './runs.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
});
afterAll(() => database[Symbol.asyncDispose]());

test('a run is seen by its owner and its organisation, and exists for nobody else', async () => {
  const org_id = newId('org');
  const run = await createTestRun(database.runtime, { org_id });
  const seen = (viewer: { user_id: string; org_id?: string }) =>
    readRunFor(database.runtime, run.run_id, viewer).then((row) => row?.run_id);
  expect(await seen({ user_id: run.user_id })).toBe(run.run_id);
  expect(await seen({ user_id: newId('user'), org_id })).toBe(run.run_id);
  expect(await seen({ user_id: newId('user'), org_id: newId('org') })).toBeUndefined();
  expect(await seen({ user_id: newId('user') })).toBeUndefined();
});

test('pages go from the newest to the oldest without a repeat, also where times are equal', async () => {
  const user_id = newId('user');
  const created = [1, 2, 2, 2, 3].map((second) =>
    createTestRun(database.runtime, { user_id, created_at_ms: second * 1_000 }),
  );
  const expected = (await Promise.all(created)).map((run) => run.run_id);
  await createTestRun(database.runtime);
  const found: string[] = [];
  let cursor = '';
  do {
    const page = await listRuns(database.runtime, { user_id }, {}, { limit: 2, cursor });
    found.push(...page.runs.map((run) => run.run_id));
    cursor = page.next_cursor;
  } while (cursor !== '');
  expect([...found].sort()).toEqual([...expected].sort());
  expect(found[0]).toBe(expected[4]);
  expect(found[4]).toBe(expected[0]);
});

test('a list is filtered, and an organisation is listed to its members alone', async () => {
  const org_id = newId('org');
  const { run_id, user_id } = await createTestRun(database.runtime, { org_id });
  await database.runtime`update runtime.runs set status = 'running' where run_id = ${run_id}`;
  const list = (
    viewer: { user_id: string; org_id?: string },
    filter: Parameters<typeof listRuns>[2],
  ) => listRuns(database.runtime, viewer, filter, { limit: 10 }).then((page) => page.runs.length);
  expect(await list({ user_id }, { status: 'running' })).toBe(1);
  expect(await list({ user_id }, { status: 'failed' })).toBe(0);
  expect(await list({ user_id: newId('user'), org_id }, { org_id })).toBe(1);
  expect(await list({ user_id: newId('user'), org_id: newId('org') }, { org_id })).toBe(0);
});

test.each(['garbage', 'MTIz', '%00'])('the cursor %j is refused', async (cursor) => {
  const page = { limit: 1, cursor };
  await expect(listRuns(database.runtime, { user_id: 'u' }, {}, page)).rejects.toMatchObject({
    code: 'invalid_request',
  });
});

test('a run inserted twice at once is one row with one topic', async () => {
  const { run_id } = await createTestRun(database.runtime);
  const row = await readRun(database.runtime, run_id);
  if (row === undefined) throw new Error('the run is gone');
  const again = { ...row, run_id: newId('run') };
  const insert = () =>
    transaction(database.runtime, (tx) =>
      insertRun(tx, {
        run_id: again.run_id,
        owner: { guest_scope: 'guest' },
        org_id: null,
        thread_id: newId('thread'),
        spec: row.spec,
        objective_hash: `sha256:${'0'.repeat(64)}`,
        policy_bundle_id: null,
        create_fingerprint: null,
        created_at_ms: 1_000,
      }),
    );
  expect((await Promise.all([insert(), insert(), insert()])).sort()).toEqual([false, false, true]);
  const topics = await database.runtime`
    select from runtime.sync_topics where topic = ${`run:${again.run_id}:events`}`;
  expect(topics).toHaveLength(1);
});

test('a run belongs to exactly one owner', async () => {
  const attempt = database.runtime`
    insert into runtime.runs (run_id, thread_id, objective, objective_hash, work_unit, spec)
    values ('run_x', 't', 'o', ${Buffer.alloc(32)}, 'agent_task', '{}')`;
  await expect(attempt).rejects.toThrow(/runs_one_owner/);
});

test('the message of a run omits what is not set', async () => {
  const { run_id, user_id } = await createTestRun(database.runtime, { created_at_ms: 5 });
  const row = await readRun(database.runtime, run_id);
  if (row === undefined) throw new Error('the run is gone');
  const message = runMessage(row, 'http://ui');
  expect(message).toMatchObject({
    ...{ run_id, user_id, guest_scope: '', status: 'created', latest_seq: '0' },
    created_at: '1970-01-01T00:00:00.005Z',
    history_url: 'http://ui',
  });
  expect(message).not.toHaveProperty('verdict');
  expect(message).not.toHaveProperty('terminal_at');
});
