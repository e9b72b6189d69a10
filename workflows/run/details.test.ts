import { expect, test } from 'vitest';
import { describeRun, type RunDetails } from './details.ts';

const details: RunDetails = {
  objective: 'make the\nfailing `test` pass',
  state: { status: 'running', phase: 'executing' },
  turn: 1,
  turns_max: 10,
  recoveries: 0,
  worker_id: 'worker_1',
  waiting_for: 'the receipt of turn 1',
  deadline_at_ms: 0,
  approvals: [],
  on_timeout: 'deny',
  note: '',
};

test('a running run says what it does and what it waits for', () => {
  expect(describeRun(details)).toBe(
    [
      '**make the failing \\`test\\` pass**',
      '',
      '- State: running, phase executing',
      '- Turn 1 of at most 10',
      '- Worker: `worker_1`',
      '- Waits for the receipt of turn 1',
      '- Ends as timeout at 1970-01-01T00:00:00Z',
    ].join('\n'),
  );
});

test('a question says what becomes of it when nobody answers', () => {
  const approvals = [{ approval_id: 'approval_1', expires_at_ms: 60_000 }];
  expect(describeRun({ ...details, approvals })).toContain(
    '- Unanswered until 1970-01-01T00:01:00Z, the policy denies `approval_1`',
  );
  expect(describeRun({ ...details, approvals, on_timeout: 'approve' })).toContain('approves');
});

test('a finished run says how it ended', () => {
  const text = describeRun({
    ...details,
    state: { status: 'failed', phase: null, reason_class: 'timeout', reason: 'out of time' },
    recoveries: 2,
    waiting_for: '',
  });
  expect(text).toContain('- State: failed\n- Ended as timeout: out of time');
  expect(text).toContain('- Workers lost so far: 2');
  expect(text).not.toContain('Waits for');
});

test('a long objective is cut', () => {
  expect(describeRun({ ...details, objective: 'x'.repeat(5000) }).length).toBeLessThan(500);
});
