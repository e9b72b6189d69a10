import { expect, test } from 'vitest';
import type { Approval } from '#proto/gen/types.ts';
import { messageOf } from '#proto/validate.ts';
import { approvalLines, whatOf } from './approval-view.ts';

const plain = (_: string, text: string) => text;
const NOW_MS = Date.parse('2026-01-01T00:00:00Z');

function approval(change: Partial<Approval> = {}): Approval {
  return messageOf('openagents.runtime.v1.Approval', {
    approval_id: 'approval_1',
    run_id: 'run_1',
    kind: 'command_execution',
    objective: 'release it',
    subject: { command: ['npm', 'publish', '--tag', 'next one'], cwd: '/work' },
    reason: 'the version is ready',
    state: 'requested',
    policy: { reason_code: 'policy_denied.consent_required', explanation: 'the agent asks' },
    on_timeout: 'deny',
    expires_at: '2026-01-01T00:30:00.000Z',
    scopes: ['once', 'run'],
    ...change,
  });
}

test('a person sees the exact command, who asked for it and what happens without an answer', () => {
  expect(approvalLines(approval(), plain, NOW_MS)).toEqual([
    'approval_1  command execution',
    '  run        run_1  release it',
    "  asks for   npm publish --tag 'next one'",
    '  in         /work',
    '  because    the version is ready',
    '  policy     policy_denied.consent_required: the agent asks',
    '  answer     once, run; without one within 30 min (2026-01-01T00:30:00.000Z): deny',
  ]);
});

test('a diff is shown whole, line by line, and can steer no terminal', () => {
  const subject = { path: 'a.ts', diff: '-a\n+b\u001b[2Jc\n' };
  const lines = approvalLines(approval({ kind: 'file_change', subject }), plain, NOW_MS);
  expect(lines).toContain('  asks for   a.ts');
  expect(lines).toContain('    -a');
  expect(lines).toContain('    +bc');
});

test('an answer names who gave it', () => {
  const lines = approvalLines(
    approval({ state: 'denied', resolved_by: 'user:u1', resolved_at: '2026-01-01T00:01:00.000Z' }),
    plain,
    NOW_MS,
  );
  expect(lines.at(-1)).toBe('  answer     denied by user:u1 at 2026-01-01T00:01:00.000Z');
});

test('what is asked for is one line, whatever an agent put into it', () => {
  expect(whatOf({ command: ['sh', '-c', "echo 'x'\nrm -rf /"] })).toBe(
    "sh -c $'echo \\'x\\'\\nrm -rf /'",
  );
  expect(whatOf({ server: 'docs', tool: 'search' })).toBe('search (docs)');
  expect(whatOf({ text: 'one\ntwo' })).toBe('one two');
});
