import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AgentDriver } from '#proto/gen/types.ts';
import { newId, type WorkerId } from '#proto/ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { transaction } from '../transaction.ts';
import { chooseWorker, describeChoice } from './dispatch.ts';
import { readRun } from './runs.ts';
import { insertWorker } from './workers.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
});
afterAll(() => database[Symbol.asyncDispose]());

async function chosen(
  driver: AgentDriver | undefined,
  workers: (string[] | undefined)[],
): Promise<(string[] | undefined)[]> {
  const { run_id, user_id } = await createTestRun(database.runtime);
  if (driver) {
    await database.runtime`
      update runtime.runs set spec = jsonb_set(spec, '{agent}', jsonb_build_object('driver', ${driver}::text))
      where run_id = ${run_id}`;
  }
  const known = new Map<WorkerId, string[] | undefined>();
  for (const drivers of workers) {
    const worker_id = newId('worker');
    known.set(worker_id, drivers);
    await transaction(database.runtime, (tx) =>
      insertWorker(tx, {
        worker_id,
        user_id,
        org_id: null,
        shared_with_org: false,
        lease_ms: 45_000,
        workspace_ref: '/src',
        codex_home_ref: '',
        adapter: 'agent-host',
        labels: {},
        metadata: drivers ? { drivers } : {},
      }),
    );
  }
  const worker = await transaction(database.runtime, (tx) => chooseWorker(tx, run_id));
  return worker ? [known.get(worker.worker_id as WorkerId)] : [];
}

test('a run is offered only to a worker that can drive its agent', async () => {
  expect(await chosen('codex', [['command'], ['command', 'codex']])).toEqual([
    ['command', 'codex'],
  ]);
  expect(await chosen('codex', [['command']])).toEqual([]);
  expect(await chosen('command', [['command']])).toEqual([['command']]);
});

test('a worker that says nothing of its drivers is offered any run', async () => {
  expect(await chosen('codex', [undefined])).toEqual([undefined]);
  expect(await chosen(undefined, [['command']])).toEqual([['command']]);
});

test('a run that waits says which driver it waits for', async () => {
  const { run_id } = await createTestRun(database.runtime);
  const run = await readRun(database.runtime, run_id);
  if (!run) throw new Error('the run is gone');
  const agent = { model: '', prompt: '', command: [], approval_policy: '', sandbox: '' } as const;
  expect(describeChoice({ ...run.spec, agent: { ...agent, driver: 'codex', command: [] } })).toBe(
    'a running worker of the owner with the driver codex',
  );
});
