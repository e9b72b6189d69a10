import { expect, test } from 'vitest';
import type { RunSpec } from '#proto/gen/types.ts';
import { CARRIED_FIELDS, carry, FIELDS, restore } from './carry.ts';
import { newContext, type RunContext } from './context.ts';
import type { RunInput } from './messages.ts';
import { policySet } from './policy.ts';

const spec: RunSpec = {
  objective: 'count the files',
  work_unit: 'agent_task',
  thread_id: '',
  org_id: '',
};

const input: RunInput = {
  run_id: 'run_1',
  owner: { user_id: 'user_1' },
  org_id: '',
  thread_id: 'thread_1',
  spec,
  objective_hash: 'sha256:0',
  policy: policySet(),
  command: {
    request_id: 'req_1',
    audit_id: 'audit_1',
    principal: 'user:user_1',
    route: 'runtime.runs.create',
    fingerprint: 'sha256:0',
    idempotency_key: 'key',
  },
  created_at_ms: 1_000,
};

function inTheMiddleOfATurn(): RunContext {
  const context = newContext(input);
  const openTurn = { turn: 3, worker_id: 'worker_1', request_id: 'req_3', lease_epoch: '2' };
  const receipt = {
    ...{ worker_id: 'worker_1', request_id: 'req_3', ok: false as const },
    error: { code: 'interrupted', message: 'the host was restarted', retryable: true },
  };
  return Object.assign(context, {
    state: { status: 'running', phase: 'executing' },
    created: { topic: 'run:run_1', seq: '1', positions: [] },
    ...{ attempt: 2, feedback: 'expected 2, received 3', turn: 3, turnBegun: true, recoveries: 1 },
    openTurn,
    receipts: { req_3: receipt },
    lost: { worker_id: 'worker_1', lease_epoch: '2', reason: 'the lease expired' },
    processed: [{ update_id: 'cancel/key', result: { run_id: 'run_1' } }],
  } satisfies Partial<RunContext>);
}

test('every field of a run is carried to its next history, or says why not', () => {
  expect(Object.keys(FIELDS).toSorted()).toEqual(Object.keys(newContext(input)).toSorted());
  expect(Object.keys(carry(newContext(input))).toSorted()).toEqual(CARRIED_FIELDS.toSorted());
  for (const fate of Object.values(FIELDS)) expect(fate).not.toBe('');
});

test('what is carried survives JSON, and a new history begins where the last one ended', () => {
  const before = inTheMiddleOfATurn();
  const through = JSON.parse(JSON.stringify(carry(before))) as ReturnType<typeof carry>;
  expect(through).toEqual(carry(before));
  const after = restore(newContext(input), through);
  expect(carry(after)).toEqual({ ...carry(before), histories: 2 });
  expect(after.histories).toBe(1);
  expect(after.deadlineMs).toBe(before.deadlineMs);
});
