import { expect, it } from 'vitest';
import { type CommandRun, judge } from './verdict.ts';

const pass: CommandRun = { command: 'npm test', exitCode: 0, ended: 'exited' };
const fail: CommandRun = { command: 'npm test', exitCode: 1, ended: 'exited' };
const hang: CommandRun = { command: 'npm test', exitCode: 137, ended: 'timed_out' };

it.each([
  ['fails, then passes twice', [fail], [pass], [pass], 'accepted', 'fail_to_pass'],
  ['passes before and after', [pass], [pass], [pass], 'accepted', 'pass_to_pass'],
  ['hangs at the base, then passes', [hang], [pass], [pass], 'accepted', 'fail_to_pass'],
  ['passes before, fails after', [pass], [fail], [fail], 'rejected', ''],
  ['never passes', [fail], [fail], [fail], 'rejected', ''],
  ['hangs', [fail], [hang], [hang], 'rejected', ''],
  ['passes once', [fail], [pass], [fail], 'flaky', ''],
  ['passes the second time', [fail], [fail], [pass], 'flaky', ''],
  ['fails in two ways', [fail], [fail], [hang], 'rejected', ''],
  ['fails at another command', [pass, fail], [pass, fail], [fail], 'rejected', ''],
] as const)('a harness that %s', (_, base, first, second, verdict, strength) => {
  expect(judge(base, first, second)).toMatchObject({ verdict, strength });
});

it('says which command did what', () => {
  expect(judge([fail], [hang], [hang]).reason).toBe(
    'after the patch `npm test` did not end in time',
  );
  expect(judge([fail], [pass], [fail]).reason).toBe(
    'two runs of the same patch differ: every command passes, then `npm test` exits 1',
  );
  expect(judge([fail], [pass], [pass]).reason).toContain('at the base `npm test` exits 1');
});
