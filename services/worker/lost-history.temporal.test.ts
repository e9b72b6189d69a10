import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { runInput, seeRun, startRun, taskSpec } from './testing/runs.ts';
import { startAgent } from './testing/scripted-agent.ts';

const NO_PATCH = { patch: null, repo_bundle: null };

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

/** Takes the history away, as a namespace that was lost or pruned too early does. */
async function loseHistory(runId: string): Promise<void> {
  const workflowExecution = { workflowId: runWorkflowId(runId) };
  await lab.client.workflowService.deleteWorkflowExecution({
    namespace: lab.namespace,
    workflowExecution,
  });
  for (;;) {
    const found = await lab.client.workflow
      .getHandle(workflowExecution.workflowId)
      .describe()
      .catch((error: unknown) => error);
    if (found instanceof WorkflowNotFoundError) return;
    await delay(50);
  }
}

test('a run whose history was lost goes on from its log', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, taskSpec());
  await startRun(lab, input);
  const turn = await agent.request('turn/start');
  const before = await seeRun(lab, input.run_id);
  await loseHistory(input.run_id);

  const handle = await startRun(lab, input);
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
  await loseHistory(input.run_id);

  const again = await startRun(lab, input);
  await again.result().catch(() => undefined);
  const after = await seeRun(lab, input.run_id);
  expect(after.events).toEqual(before.events);
  expect(after.receipts).toEqual(before.receipts);
  expect(after.row.status).toBe('succeeded');
});
