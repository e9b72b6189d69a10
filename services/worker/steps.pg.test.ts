import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listRunReceipts, listSigningKeys } from '#db/runtime/receipts.ts';
import { endWorkerRequest, findWorkerRequest } from '#db/runtime/worker-requests.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { rebuildReceipt, verifyReceipt } from '#proto/receipt.ts';
import type { RunInput } from '#workflows/run/messages.ts';
import { decide, type PolicyQuestion, policyBundleId } from '#workflows/run/policy.ts';
import type { FinishRunInput, OpenTurn } from '#workflows/run/ports.ts';
import type { HarnessResult } from '#workflows/verification/ports.ts';
import { publishReceiptKeys } from './signing-keys.ts';
import { newReceiptKey } from './testing/receipt-key.ts';
import { commandContext, patchSpec, runInput } from './testing/runs.ts';
import { openSteps, type Steps } from './testing/steps.ts';

let steps: Steps;
beforeAll(async () => {
  steps = await openSteps();
});
afterAll(() => steps[Symbol.asyncDispose]());

/** Runs a step a second time, as Temporal does when an answer was lost: nothing new, and the same answer. */
async function twice<T>(step: () => Promise<T>): Promise<T> {
  const first = await step();
  const before = await steps.rows();
  const second = await step();
  expect(await steps.rows()).toEqual(before);
  expect(second).toEqual(first);
  return first;
}

function decideFor(run: RunInput, question: PolicyQuestion) {
  return decide(run.policy, question);
}

async function createdRun(): Promise<{ run: RunInput; worker_id: string }> {
  const owner = { user_id: newId('user') };
  const worker_id = await steps.worker(owner);
  const run = runInput(owner, patchSpec('npm test'));
  const decision = decideFor(run, { point: 'create', spec: run.spec });
  await steps.activities.recordRunCreated({ run, decision });
  return { run, worker_id };
}

async function dispatched(run: RunInput, turn = 1, recovery = 0): Promise<OpenTurn> {
  const outcome = await steps.activities.dispatchTurn({
    run_id: run.run_id,
    turn,
    recovery,
    feedback: '',
    decision: decideFor(run, { point: 'dispatch', turn, turns_max: 10 }),
    deadline_at_ms: run.created_at_ms + 60_000,
    previous_turn: null,
  });
  if (outcome.kind !== 'dispatched') throw new Error(`waits for ${outcome.waiting_for}`);
  return { turn, worker_id: outcome.worker_id, request_id: outcome.request_id };
}

const RESULT: HarnessResult = {
  verdict: 'accepted',
  strength: 'fail_to_pass',
  reason: 'every command exits 0',
  commands: [],
  isolation: { sandboxed: false, tool: 'none', enforced: [], unenforced: ['network'] },
  base_tree: 'c'.repeat(40),
  protected_paths_touched: [],
  protected_paths_restored: [],
  output_refs: [],
  feedback: '',
};

describe('a step that runs twice', () => {
  test('leaves one log, one request, one receipt', async () => {
    const { activities } = steps;
    const owner = { user_id: newId('user') };
    const run = runInput(owner, patchSpec('npm test'));
    const { run_id, thread_id, objective_hash } = run;
    const created = decideFor(run, { point: 'create', spec: run.spec });
    await twice(() => activities.recordRunCreated({ run, decision: created }));

    const offer = {
      run_id,
      turn: 1,
      recovery: 0,
      feedback: '',
      decision: decideFor(run, { point: 'dispatch', turn: 1, turns_max: 10 }),
      deadline_at_ms: run.created_at_ms + 60_000,
      previous_turn: null,
    };
    expect(await twice(() => activities.dispatchTurn(offer))).toMatchObject({
      kind: 'no_worker',
      waiting_for: 'a running worker of the owner',
    });
    await steps.worker(owner);
    const lostTurn = await twice(() => dispatched(run));
    await twice(() =>
      activities.recordExecutorLost({
        run_id,
        open_turn: lostTurn,
        recovery: 1,
        reason: 'the lease expired',
        turn_end: null,
      }),
    );
    const turn = await twice(() => dispatched(run, 1, 1));
    expect(turn.request_id).not.toBe(lostTurn.request_id);

    const bytes = [Buffer.from('diff --git a/a b/a')];
    const { sha256 } = await steps.artifacts.put(Readable.from(bytes), { bytesMax: 100 });
    const patch = { kind: 'patch', sha256, bytes: '18', uri: '' };
    const { verification_id } = await twice(() =>
      activities.beginVerification({
        run_id,
        turn_end: { turn: 1, request_id: turn.request_id, status: 'completed', reason: '' },
        attempt: 1,
        tier: 'O',
        patch,
      }),
    );
    const verified = await twice(() =>
      activities.recordVerification({
        run_id,
        thread_id,
        objective_hash,
        policy_bundle_id: policyBundleId(run.policy),
        harness_input: {
          run_id,
          verification_id,
          attempt: 1,
          repo: { bundle: null, url: null, base_commit: '', base_tree: '' },
          patch,
          harness: {
            commands: ['npm test'],
            protected_paths: [],
            env: {},
            mounts_ro: [],
            timeout_s: 1,
          },
          limits: { wall_s_max: 1, output_bytes_max: 1 },
        },
        result: RESULT,
      }),
    );
    const asked = decideFor(run, { point: 'approval', kind: 'protected_paths', found: ['test/a'] });
    const { approval_id } = await twice(() =>
      activities.requestApproval({
        run_id,
        kind: 'protected_paths',
        turn: 1,
        found: ['test/a'],
        reason: asked.explanation,
        decision: asked,
        timeout_ms: 1_000,
        on_timeout: 'deny',
        goes_on: false,
        rule_key: 'protected_paths:test/a',
        granted: asked,
        granted_by: '',
        offered: null,
        superseded: [],
        command: null,
      }),
    );
    const answer = {
      run_id,
      approval_id,
      decision: 'approve',
      scope: 'once',
      reason: '',
      resolved_by: owner.user_id,
      command: commandContext('runtime.approvals.resolve'),
    } as const;
    await twice(() => activities.recordApprovalResolved(answer));
    await expect(
      activities.recordApprovalResolved({ ...answer, decision: 'deny' }),
    ).rejects.toThrow('does not wait for an answer');

    const finish: FinishRunInput = {
      run_id,
      status: 'succeeded',
      reason_class: 'completed',
      reason: 'accepted',
      policy_bundle_id: policyBundleId(run.policy),
      decisions: [],
      turn_end: null,
      open_turn: null,
      verdict: {
        verdict: 'accepted',
        tier: 'O',
        strength: 'fail_to_pass',
        receipt_id: verified.receipt_id,
        receipt_sha256: verified.canonical_sha256,
        sandboxed: false,
        attempt: 1,
      },
      patch,
    };
    await twice(() => activities.finishRun(finish));
    await twice(() => activities.deriveRunFiles({ run_id }));

    const [stored] = await listRunReceipts(steps.sql, {
      run_id,
      schema: 'openagents.run.receipt.v1',
    });
    if (!stored) throw new Error('the run has no receipt');
    expect(stored.receipt).toMatchObject({
      body: { isolation: 'unsandboxed', recoveries: 1 },
      refs: [{ receipt_id: verified.receipt_id, relation: 'verified_by' }],
    });
    // The stored bytes and the signature alone make the whole receipt again.
    const signature = String(stored.receipt['signature']);
    expect(rebuildReceipt(stored.canonical, signature)).toEqual(stored.receipt);
  });

  test('cancels once, asks the worker once, and lets a late answer find its end', async () => {
    const { activities, sql, journal } = steps;
    const { run, worker_id } = await createdRun();
    const { run_id } = run;
    const open_turn = await dispatched(run);
    const cancel = {
      run_id,
      reason: 'no longer needed',
      requested_by: 'user',
      command: commandContext('runtime.runs.cancel'),
      open_turn,
    };
    const first = await activities.recordCancelRequested(cancel);
    const before = await steps.rows();
    await activities.recordCancelRequested(cancel);
    expect(await steps.rows()).toEqual(before);
    expect(first.positions.map(({ topic }) => topic)).toContain(`worker:${worker_id}:events`);

    await twice(() =>
      activities.finishRun({
        run_id,
        status: 'canceled',
        reason_class: 'canceled',
        reason: 'no longer needed',
        policy_bundle_id: policyBundleId(run.policy),
        decisions: [],
        turn_end: null,
        open_turn,
        verdict: null,
        patch: null,
      }),
    );
    const { request_id } = open_turn;
    const late = await transaction(sql, (tx) =>
      endWorkerRequest(tx, journal, { worker_id, request_id }, { ok: true, response: {} }),
    );
    expect(late).toMatchObject({ replayed: true, request: { state: 'failed' } });
    expect((await findWorkerRequest(sql, worker_id, request_id))?.error_code).toBe('run_ended');
    await expect(activities.recordCancelRequested(cancel)).rejects.toThrow(
      'a finished run never changes again',
    );
  });
});

test('a loop is journaled once, and its worker asked once to interrupt the turn', async () => {
  const { activities, sql } = steps;
  const { run, worker_id } = await createdRun();
  const open_turn = await dispatched(run);
  const finding = {
    detector: 'generic_repeat',
    level: 'critical',
    tool: 'make',
    calls: 20,
    since_seq: 7,
    message: 'make was called 20 times',
  } as const;
  await twice(() => activities.recordLoopDetected({ run_id: run.run_id, finding, open_turn }));
  const requests = await sql<{ method: string }[]>`
    select method from runtime.worker_requests
    where worker_id = ${worker_id} and method = 'turn/interrupt'`;
  expect(requests).toHaveLength(1);
});

test('an answer that was committed before the loss stands', async () => {
  const { activities, sql, journal } = steps;
  const { run, worker_id } = await createdRun();
  const open_turn = await dispatched(run);
  const { request_id } = open_turn;
  await transaction(sql, (tx) =>
    endWorkerRequest(
      tx,
      journal,
      { worker_id, request_id },
      { ok: true, response: { exit_code: 0 } },
    ),
  );
  expect(
    await activities.recordExecutorLost({
      run_id: run.run_id,
      open_turn,
      recovery: 1,
      reason: 'the lease expired',
      turn_end: null,
    }),
  ).toEqual({
    kind: 'answered',
    receipt: { worker_id, request_id, ok: true, response: { exit_code: 0 } },
  });
});

test('nobody but the owner and members it is shared with gives a turn to a worker', async () => {
  const { activities } = steps;
  await steps.worker({ user_id: newId('user') });
  const run = runInput({ user_id: newId('user') }, patchSpec('npm test'));
  const decision = decideFor(run, { point: 'create', spec: run.spec });
  await activities.recordRunCreated({ run, decision });
  await expect(dispatched(run)).rejects.toThrow('waits for a running worker of the owner');
});

test('what cannot be stored in a text column is signed as it is stored', async () => {
  const { activities, sql } = steps;
  const { run } = await createdRun();
  await activities.finishRun({
    run_id: run.run_id,
    status: 'failed',
    reason_class: 'failed',
    reason: 'the agent said \ud800 and nothing more',
    policy_bundle_id: policyBundleId(run.policy),
    decisions: [],
    turn_end: null,
    open_turn: null,
    verdict: null,
    patch: null,
  });
  const [stored] = await listRunReceipts(sql, {
    run_id: run.run_id,
    schema: 'openagents.run.receipt.v1',
  });
  expect(await verifyReceipt(stored?.receipt, await listSigningKeys(sql))).toMatchObject({
    ok: true,
  });
});

test('receipts of a retired key verify as before, and new ones name the new key', async () => {
  const { sql } = steps;
  const [older, newer] = await Promise.all([newReceiptKey('old'), newReceiptKey('new')]);
  expect((await publishReceiptKeys(sql, 'rotation', [older])).kid).toBe('old');
  expect((await publishReceiptKeys(sql, 'rotation', [newer, older])).kid).toBe('new');
  await publishReceiptKeys(sql, 'rotation', [newer]);
  const published = (await listSigningKeys(sql)).keys.filter((key) => key.kid !== 'receipts-1');
  expect(published.map((key) => key.kid).sort()).toEqual(['new', 'old']);
  expect(published.every((key) => !('d' in key))).toBe(true);
  const retired = await sql<{ kid: string }[]>`
    select kid from runtime.signing_keys where retired_at is not null`;
  expect(retired.map(({ kid }) => kid)).toEqual(['old']);
});
