import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { defineSearchAttributeKey } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findWorkerRequest, openWorkerRequest } from '#db/runtime/worker-requests.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { verifyReceipt } from '#proto/receipt.ts';
import { cancelRunUpdate, runWorkflowId } from '#workflows/run/messages.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { commandContext, patchSpec, runInput, seeRun, startRun, taskSpec } from './testing/runs.ts';
import { reaches } from './testing/scenarios/stage.ts';
import { PATCH, startAgent } from './testing/scripted-agent.ts';

const execute = promisify(execFile);

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
  await checkBundle(row.bundle?.sha256 ?? '');
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

/** What a reviewer who has only the bundle can do with it. */
async function checkBundle(sha256: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-bundle-'));
  try {
    const bundle = await lab.artifacts.get(sha256);
    if (!bundle) throw new Error('the bundle is not in the store');
    await writeFile(join(directory, 'bundle.tar.gz'), bundle.stream);
    await execute('tar', ['-xzf', 'bundle.tar.gz'], { cwd: directory });
    const read = (name: string) => readFile(join(directory, name), 'utf8');
    const keys = JSON.parse(await read('keys.json'));
    const receipt = JSON.parse(await read('RECEIPT.json'));
    const verification = JSON.parse(await read('VERIFICATION.json'));
    expect(await verifyReceipt(receipt, keys)).toMatchObject({ ok: true });
    expect(await verifyReceipt(verification, keys)).toMatchObject({ ok: true });
    expect(receipt.refs).toEqual([
      {
        receipt_id: verification.receipt_id,
        canonical_sha256: verification.canonical_sha256,
        relation: 'verified_by',
      },
    ]);
    expect(await read('patch.diff')).toBe(PATCH);
    const lines = (await read('REPLAY.jsonl'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines[0].type).toBe('ReplayHeader');
    expect(lines.at(-1)).toMatchObject({
      type: 'SessionEnd',
      trajectory_hash: receipt.subject.trajectory_hash,
    });
    expect(await read('PR_SUMMARY.md')).toContain('Verdict: **accepted**, tier O, fail_to_pass');
  } finally {
    await rm(directory, { recursive: true });
  }
}

test('a request that nobody answers ends with one timeout receipt', async () => {
  const owner = { user_id: newId('user') };
  const { worker_id } = await startAgent(lab, owner);
  const request_id = newId('req');
  await transaction(lab.sql, async (tx) => {
    const worker = await lockWorker(tx, worker_id);
    if (!worker) throw new Error('the worker has no row');
    await openWorkerRequest(tx, lab.journal, worker, {
      request_id,
      method: 'thread/list',
      params: {},
      deadline_at: new Date(Date.now() - 1),
    });
  });
  await expect
    .poll(async () => (await findWorkerRequest(lab.sql, worker_id, request_id))?.state)
    .toBe('timeout');
  const events = await lab.sql<{ event_type: string }[]>`
    select event_type from runtime.worker_events where worker_id = ${worker_id} order by seq`;
  expect(events.map(({ event_type }) => event_type)).toEqual(['worker.request', 'worker.error']);
});

test('the turn after a rejected attempt is told what the verifier saw', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const input = runInput(owner, patchSpec('accept-second'));
  const handle = await startRun(lab, input);
  const first = await agent.request('turn/start');
  expect(first.params).not.toHaveProperty('feedback');
  await agent.completeTurn(first);
  const second = await agent.request('turn/start');
  expect(second.params['feedback']).toContain('expected 2, received 3');
  expect(second.params['previous_patch']).toMatchObject({ kind: 'patch' });
  await agent.completeTurn(second);
  expect(await handle.result()).toMatchObject({ status: 'succeeded' });
  const { payloads } = await seeRun(lab, input.run_id);
  expect(payloads('verification.finished').map((event) => event['verdict'])).toEqual([
    'rejected',
    'accepted',
  ]);
});

test('an operator reads what the run does, what it waits for, and how it ended', async () => {
  const owner = { user_id: newId('user') };
  const input = runInput(owner, taskSpec({ worker: { worker_id: 'worker_none' } }));
  const handle = await startRun(lab, input);
  await reaches({ handle }, 'dispatching');
  const attributes = (await handle.describe()).typedSearchAttributes;
  const details = async () =>
    (await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata'))
      .currentDetails;
  expect(await details()).toContain('- State: created, phase dispatching');
  expect(await details()).toContain('Waits for a worker: worker worker_none to be running');
  await handle.executeUpdate(cancelRunUpdate, {
    args: [{ reason: 'wrong worker', requested_by: 'user', command: commandContext() }],
  });
  await handle.result();
  expect(await details()).toContain('- Ended as canceled: wrong worker');
  const keyword = (name: string) => attributes.get(defineSearchAttributeKey(name, 'KEYWORD'));
  expect(keyword('OaRunId')).toBe(input.run_id);
  expect(keyword('OaOwner')).toBe(owner.user_id);
  expect(keyword('OaWorkUnit')).toBe('agent_task');
});

test('a run that has ended refuses a cancel and names its state', async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  const handle = await startRun(lab, runInput(owner, taskSpec()));
  await agent.completeTurn(await agent.request('turn/start'), { patch: null });
  await handle.result();
  await expect(
    handle.executeUpdate(cancelRunUpdate, {
      args: [{ reason: '', requested_by: 'user', command: commandContext() }],
    }),
  ).rejects.toThrow();
});

test('a spec that no event could carry is refused before anything is written', async () => {
  const input = runInput({ user_id: newId('user') }, taskSpec());
  input.spec.agent = {
    driver: 'codex',
    model: '',
    prompt: 'x'.repeat(60_000),
    command: [],
    approval_policy: '',
    sandbox: '',
  };
  await expect(startRun(lab, input)).rejects.toMatchObject({ cause: { type: 'InputTooLarge' } });
  const handle = lab.client.workflow.getHandle(runWorkflowId(input.run_id));
  const failure = await handle.result().catch((error) => error);
  expect(failure.cause).toMatchObject({ type: 'InputTooLarge' });
  expect(failure.cause.message).toMatch(/the run's spec has \d+ bytes of at most 49152/);
});
