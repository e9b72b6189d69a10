import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { verifyReceipt } from '#proto/receipt.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { patchSpec, runInput, seeRun, startRun, taskSpec } from './testing/runs.ts';
import { startAgent } from './testing/scripted-agent.ts';

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('a patch that the verifier accepts ends as succeeded, with a receipt that names it', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, patchSpec('accept'));
  const handle = await startRun(lab, input);
  await agent.completeTurn(await agent.request('turn/start'));
  expect(await handle.result()).toMatchObject({ status: 'succeeded', reason_class: 'completed' });

  const { row, types, payload, receipts } = await seeRun(lab, input.run_id);
  expect(types).toEqual([
    'run.created',
    'policy.decided',
    'run.started',
    'policy.decided',
    'turn.started',
    'run.phase_changed',
    'turn.finished',
    'run.phase_changed',
    'verification.started',
    'verification.finished',
    'run.finished',
  ]);
  expect(payload('run.finished')).toMatchObject({ reason: 'accepted at tier O, fail_to_pass' });
  expect(row).toMatchObject({ status: 'succeeded', phase: '', verdict: { verdict: 'accepted' } });
  expect(row.replay?.kind).toBe('replay');
  expect(row.bundle?.kind).toBe('bundle');
  expect(receipts).toHaveLength(1);
  const check = await verifyReceipt(receipts[0], await lab.keySet());
  expect(check).toMatchObject({ ok: true });
});

test('an agent task without a harness succeeds without a verdict, and says so', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, taskSpec());
  const handle = await startRun(lab, input);
  await agent.completeTurn(await agent.request('turn/start'), { patch: null, repo_bundle: null });
  expect((await handle.result()).reason).toContain('there is no verdict');
  const { row, types } = await seeRun(lab, input.run_id);
  expect(row.verdict).toBeNull();
  expect(row.bundle).toBeNull();
  expect(types).not.toContain('verification.started');
});
