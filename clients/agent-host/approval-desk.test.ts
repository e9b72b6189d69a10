import { expect, test } from 'vitest';
import { type ApprovalPost, createApprovalDesks, type PostedApproval } from './approval-desk.ts';
import type { ApprovalQuestion } from './approvals.ts';

const QUESTION: ApprovalQuestion = {
  approvalKey: 'g/1',
  kind: 'command_execution',
  subject: { command: 'make' },
  reason: '',
  scopes: ['once'],
  ruleKey: 'r',
};
const TURN = { runId: 'run_1', requestId: 'req_1' };
const WAITS: PostedApproval = { waits: true, decision: 'deny', scope: 'once', reason: '' };
const never = new AbortController().signal;

function resolution(more: object = {}) {
  return { request_id: 'req_1', approval_key: 'g/1', decision: 'approve', scope: 'run', ...more };
}

test('a question that a policy answers at once waits for nobody', async () => {
  const desks = createApprovalDesks(async () => ({ ...WAITS, waits: false, decision: 'approve' }));
  expect(await desks.of(TURN).ask(QUESTION, never)).toMatchObject({ decision: 'approve' });
  expect(desks.resolve(resolution())).toBe(false);
});

test('an answer that overtakes the post is not lost', async () => {
  const desks = createApprovalDesks(async () => {
    expect(desks.resolve(resolution({ reason: 'go' }))).toBe(true);
    return WAITS;
  });
  expect(await desks.of(TURN).ask(QUESTION, never)).toEqual({
    decision: 'approve',
    scope: 'run',
    reason: 'go',
  });
});

test('an answer to another turn, another question or one that is answered is nobody’s', async () => {
  const posted: ApprovalPost[] = [];
  const desks = createApprovalDesks(async (post) => {
    posted.push(post);
    return WAITS;
  });
  const asked = desks.of(TURN).ask(QUESTION, never);
  await expect.poll(() => posted.length).toBe(1);
  expect(desks.resolve(resolution({ request_id: 'req_2' }))).toBe(false);
  expect(desks.resolve(resolution({ approval_key: 'older/1' }))).toBe(false);
  expect(desks.resolve(resolution({ decision: 'whatever' }))).toBe(true);
  expect((await asked).decision).toBe('deny');
  expect(desks.resolve(resolution())).toBe(false);
});

test('a turn that ends stops waiting', async () => {
  const desks = createApprovalDesks(async () => WAITS);
  const ending = new AbortController();
  const asked = desks.of(TURN).ask(QUESTION, ending.signal);
  ending.abort(new Error('over'));
  await expect(asked).rejects.toThrow('over');
  expect(desks.resolve(resolution())).toBe(false);
});

test('a question that cannot be posted rejects', async () => {
  const desks = createApprovalDesks(async () => {
    throw new Error('run_closed');
  });
  await expect(desks.of(TURN).ask(QUESTION, never)).rejects.toThrow('run_closed');
});
