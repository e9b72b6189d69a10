import { afterAll, beforeAll, expect, test } from 'vitest';
import { findJournalDrift } from '#db/runtime/sync-drift.ts';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { TASK_QUEUES } from '#temporal.config';
import { createScheduler, journalSchedules } from './schedules.ts';
import { recordWorkflow } from './testing/histories.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { SYNC_SCENARIOS } from './testing/scenarios/sync.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

test.each(SYNC_SCENARIOS)('$name', async ({ name, workflowType, input, prepare, report }) => {
  await prepare(lab);
  const found = await lab.client.workflow.execute(workflowType, {
    taskQueue: TASK_QUEUES.runtime,
    workflowId: name,
    args: [input],
  });
  expect(found).toMatchObject(report);
  expect(await findJournalDrift(lab.sql)).toEqual([]);
  await recordWorkflow(lab, { scenario: name, name, workflow_id: name });
});

test('schedules are made once, updated by a later build, and made again where they were lost', async () => {
  const sweep = (retentionEveryMs: number) =>
    createScheduler(
      lab.client,
      journalSchedules({ policy: TOPIC_POLICY, retentionEveryMs }),
    ).sweep();
  const retention = lab.client.schedule.getHandle('sync-retention');
  const everyMs = async () => (await retention.describe()).spec.intervals?.[0]?.every;

  await sweep(300_000);
  expect(await everyMs()).toBe(300_000);
  await retention.pause('an operator looks');
  await sweep(600_000);
  expect(await everyMs()).toBe(600_000);
  expect((await retention.describe()).state.paused).toBe(true);

  await retention.delete();
  await sweep(300_000);
  await retention.trigger();
  const started = async () => (await retention.describe()).info.recentActions.length;
  await expect.poll(started, { timeout: 15_000 }).toBe(1);
  const ids: string[] = [];
  for await (const { scheduleId } of lab.client.schedule.list()) ids.push(scheduleId);
  expect(ids.toSorted()).toEqual([
    'sync-retention',
    'sync-snapshots-codex_worker_summaries',
    'sync-snapshots-notifications',
    'sync-snapshots-run_summaries',
  ]);
});
