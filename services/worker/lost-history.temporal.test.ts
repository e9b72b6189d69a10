import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { TASK_QUEUES } from '#temporal.config';
import { type RunInput, runWorkflowId } from '#workflows/run/messages.ts';
import type { run } from '#workflows/run/run.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { type RunHandle, runInput, seeRun, startRun, taskSpec } from './testing/runs.ts';
import { startAgent } from './testing/scripted-agent.ts';

/** Several steps and their first retries; the new history may also wait for a worker that it is never given. */
const SETTLES_WITHIN_MS = 2_000;

const NO_PATCH = { patch: null, repo_bundle: null };

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** A history that knows nothing of the one before, as after the loss of a namespace. */
function startAnew(input: RunInput): Promise<RunHandle> {
  return lab.client.workflow.start<typeof run>('run', {
    workflowId: runWorkflowId(input.run_id),
    taskQueue: TASK_QUEUES.runtime,
    args: [input],
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
  });
}

test('a run whose history was lost goes on from its log', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, taskSpec());
  const lost = await startRun(lab, input);
  const turn = await agent.request('turn/start');
  const before = await seeRun(lab, input.run_id);
  await lost.terminate('the history is lost');

  const handle = await startAnew(input);
  expect((await agent.request('turn/start')).request_id).toBe(turn.request_id);
  await agent.completeTurn(turn, NO_PATCH);
  expect(await handle.result()).toMatchObject({ status: 'succeeded' });
  const { types, receipts } = await seeRun(lab, input.run_id);
  expect(types.slice(0, before.types.length)).toEqual(before.types);
  expect(types.filter((type) => type === 'run.created')).toHaveLength(1);
  expect(types.filter((type) => type === 'turn.started')).toHaveLength(1);
  expect(receipts).toHaveLength(1);
});

test('a run that has ended stays as it ended, whatever a new history does', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, taskSpec());
  const handle = await startRun(lab, input);
  await agent.completeTurn(await agent.request('turn/start'), NO_PATCH);
  await handle.result();
  const before = await seeRun(lab, input.run_id);

  const again = await startAnew(input);
  await Promise.race([again.result().catch(() => undefined), delay(SETTLES_WITHIN_MS)]);
  await again.terminate().catch(() => undefined);
  const after = await seeRun(lab, input.run_id);
  expect(after.events).toEqual(before.events);
  expect(after.receipts).toEqual(before.receipts);
  expect(after.row.status).toBe('succeeded');
});
