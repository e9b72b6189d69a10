import { expect, test } from 'vitest';
import type { JsonValue } from '#proto/canonical.ts';
import { createRunView } from './run-view.ts';
import { oneLine, paintFor, printable, table } from './terminal.ts';

const plain = paintFor({ isTTY: false }, {});

function shown(events: [string, JsonValue][]): string {
  const view = createRunView({ paint: plain });
  return events
    .flatMap(([eventType, payload], index) =>
      view.lines({ seq: BigInt(index + 1), eventType, payload }),
    )
    .join('\n');
}

test('a run that succeeds reads from top to bottom', () => {
  expect(
    shown([
      ['run.created', { objective_hash: 'sha256:0' }],
      ['policy.decided', { decision: 'allow', reason_code: 'policy_allowed.default' }],
      ['run.started', { worker_id: 'worker_1' }],
      ['turn.started', { turn: 1, worker_id: 'worker_1' }],
      ['run.phase_changed', { phase: 'executing', detail: 'turn 1' }],
      [
        'tool.call',
        { tool_name: 'command', input: { command: ['./fix.sh'], sandbox: { tool: 'bubblewrap' } } },
      ],
      ['tool.progress', { stream: 'stdout', text: 'reading\nrepairing\n' }],
      [
        'tool.result',
        { tool_name: 'command', state: 'succeeded', exit_code: 0, latency_ms: 1_240 },
      ],
      ['artifact.stored', { artifact: { kind: 'patch', bytes: '183' } }],
      ['run.phase_changed', { phase: 'verifying', detail: 'attempt 1' }],
      [
        'verification.finished',
        { verdict: 'accepted', tier: 'O', strength: 'fail_to_pass', sandboxed: true },
      ],
      ['run.finished', { status: 'succeeded', reason: 'accepted at tier O' }],
      ['some.later_type', { anything: true }],
    ]),
  ).toMatchInlineSnapshot(`
    "● created
    ● running
      worker worker_1
      turn 1
    ● executing  turn 1
      $ ./fix.sh
      │ reading
      │ repairing
      ✓ command succeeded, exit code 0, 1.2 s
      patch of 183 bytes
    ● verifying  attempt 1
      ✓ verdict: accepted, tier O, fail_to_pass
    ● succeeded: accepted at tier O"
  `);
});

test('what needs attention is said: no sandbox, a suspected secret, a lost worker, a rejected patch', () => {
  expect(
    shown([
      [
        'tool.call',
        {
          input: {
            command: ['x'],
            sandbox: { tool: 'none', unsandboxed_because: 'bubblewrap_unavailable' },
          },
        },
      ],
      [
        'artifact.stored',
        { artifact: { kind: 'patch', bytes: '9' }, suspected_secrets: ['conf.ini'] },
      ],
      ['run.executor_lost', { worker_id: 'worker_1', reason: 'lease expired' }],
      ['policy.decided', { decision: 'deny', reason_code: 'policy_denied.explicit_deny' }],
      ['approval.requested', { approval_id: 'approval_1', subject: 'edits test.sh' }],
      ['verification.finished', { verdict: 'rejected', tier: 'O', strength: '', sandboxed: false }],
      ['run.finished', { status: 'failed', reason: '', reason_class: 'verification_failed' }],
    ]),
  ).toMatchInlineSnapshot(`
    "  $ x
      unsandboxed: bubblewrap_unavailable
      patch of 9 bytes
      the patch seems to add a secret in conf.ini
      worker worker_1 was lost: lease expired
      policy deny: policy_denied.explicit_deny
      waits for approval approval_1: edits test.sh
      ✗ verdict: rejected, tier O, unsandboxed
    ● failed: verification_failed"
  `);
});

test('an agent that turns in a circle is warned about, and its end says why', () => {
  const loop = { detector: 'generic_repeat', reason_code: 'loop_detected.no_progress' };
  expect(
    shown([
      ['run.loop_detected', { ...loop, level: 'warning', message: 'make was called 10 times' }],
      ['run.loop_detected', { ...loop, level: 'critical', message: 'make was called 20 times' }],
      [
        'run.finished',
        { status: 'failed', reason: 'make was called 20 times', reason_class: 'loop_detected' },
      ],
    ]),
  ).toMatchInlineSnapshot(`
    "  the agent may be turning in a circle: make was called 10 times
      the agent turns in a circle and is stopped: make was called 20 times
    ● failed as loop_detected: make was called 20 times"
  `);
});

test('of a flood of output the end is shown', () => {
  const text = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
  const lines = shown([['tool.progress', { text }]]).split('\n');
  expect(lines).toHaveLength(41);
  expect(lines[0]).toBe('  … 60 lines');
  expect(lines.at(-1)).toBe('  │ line 99');
});

test('the output of an agent cannot steer the terminal of whoever reads it', () => {
  const hostile = '\u001b]0;title\u0007\u001b[2J\u001b[31mred\u001b[0m\u0008\u009b1mx\ttab';
  expect(printable(hostile).replaceAll('\t', '')).not.toMatch(/\p{Cc}/u);
  expect(printable(hostile)).toContain('red');
  expect(shown([['tool.progress', { text: '\u001b[2Jgone\r\n' }]])).toBe('  │ gone');
});

test('colour is for terminals that want it', () => {
  expect(paintFor({ isTTY: true }, {})('red', 'x')).toBe('\u001b[31mx\u001b[39m');
  expect(paintFor({ isTTY: true }, { NO_COLOR: '1' })('red', 'x')).toBe('x');
  expect(paintFor({ isTTY: true }, { TERM: 'dumb' })('red', 'x')).toBe('x');
  expect(paintFor({ isTTY: false }, {})('red', 'x')).toBe('x');
});

test('a table is aligned, and a long text becomes one line', () => {
  expect(
    table(
      ['A', 'LONG'],
      [
        ['xyz', '1'],
        ['x', ''],
      ],
    ),
  ).toBe('A    LONG\nxyz  1\nx');
  expect(oneLine('a\n b\t c'.padEnd(50, 'x'), 10)).toBe('a b cxxxx…');
});
