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
      '- Waits for the receipt of turn 1; at the latest until 1970-01-01T00:00:00.000Z',
    ].join('\n'),
  );
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
