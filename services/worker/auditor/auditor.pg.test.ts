import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Drift } from '#db/runtime/audit.ts';
import { createTestRun } from '#db/testing/runs.ts';
import { newId } from '#proto/ids.ts';
import { openSteps, type Steps } from '../testing/steps.ts';
import { createAuditor } from './auditor.ts';

let steps: Steps;
beforeAll(async () => {
  steps = await openSteps();
});
afterAll(() => steps[Symbol.asyncDispose]());

function auditor() {
  const found: Drift[] = [];
  const { sweep } = createAuditor({
    sql: steps.sql,
    onAudited: () => undefined,
    onDrift: (drift) => found.push(drift),
  });
  return { sweep, found };
}

async function runOf(events: number) {
  const { run_id } = await createTestRun(steps.sql);
  for (let index = 1; index <= events; index += 1) await append(run_id, index);
  return run_id;
}

function append(run_id: Awaited<ReturnType<typeof runOf>>, index: number) {
  const event = { event_type: 'text.delta', payload: { item_id: 'a', delta: String(index) } };
  return steps.journal.append({ run_id, origin: 'public', events: [event] });
}

async function headOf(runId: string) {
  const [row] = await steps.sql`
    select latest_seq::int4 as seq, status, turns from runtime.runs where run_id = ${runId}`;
  return row;
}

test('rows that follow their logs are no drift', async () => {
  await runOf(3);
  await steps.worker({ user_id: newId('user') });
  const { sweep, found } = auditor();
  await sweep();
  await sweep();
  expect(found).toEqual([]);
});

test('a corrupted row is found, named by its class, written down and rebuilt', async () => {
  const changed = await runOf(3);
  const lagging = await runOf(3);
  const ahead = await runOf(3);
  const outdated = await runOf(3);
  await auditor().sweep();
  await steps.owner`update runtime.runs set turns = 7 where run_id = ${changed}`;
  await steps.owner`update runtime.runs set latest_seq = 2 where run_id = ${lagging}`;
  await steps.owner`update runtime.projection_checkpoints set last_seq = 99 where entity_id = ${ahead}`;
  await steps.owner`update runtime.projection_checkpoints set projection_version = 'run_summary.v0'
    where entity_id = ${outdated}`;
  const { sweep, found } = auditor();
  await sweep();
  const classes = new Map(found.map(({ entity_id, drift_class }) => [entity_id, drift_class]));
  expect(classes).toEqual(
    new Map([
      [changed, 'summary_hash_mismatch'],
      [lagging, 'hash_and_lag_drift'],
      [ahead, 'checkpoint_ahead'],
      [outdated, 'projection_version_changed'],
    ]),
  );
  const rows = await steps.sql`select entity_id, drift_class from runtime.projection_drift`;
  expect(new Map(rows.map((row) => [row['entity_id'], row['drift_class']]))).toEqual(classes);
  for (const run of [changed, lagging, ahead, outdated]) {
    expect(await headOf(run)).toMatchObject({ seq: 3, turns: 0 });
  }
  await sweep();
  expect(found).toHaveLength(4);
});

test("a worker's status that its log contradicts is rebuilt", async () => {
  const worker = await steps.worker({ user_id: newId('user') });
  await steps.owner`update runtime.workers set latest_seq = 41 where worker_id = ${worker}`;
  const { sweep, found } = auditor();
  await sweep();
  expect(found).toMatchObject([
    { projection: 'codex_worker_summary', entity_id: worker, drift_class: 'hash_and_lag_drift' },
  ]);
});

test('events that arrive while a row is rebuilt are neither lost nor doubled', async () => {
  const run = await runOf(1);
  const appends = Array.from({ length: 40 }, (_, index) => append(run, index + 2));
  const repairs = Array.from({ length: 10 }, async () => {
    await steps.owner`update runtime.runs set turns = 9 where run_id = ${run}`;
    await auditor().sweep();
  });
  await Promise.all([...appends, ...repairs]);
  await auditor().sweep();
  expect(await headOf(run)).toMatchObject({ seq: 41, turns: 0 });
});
