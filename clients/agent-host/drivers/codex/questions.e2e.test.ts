import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch } from '../../testing/repository.ts';
import { payloads, runTurn } from '../../testing/turns.ts';
import { answering, codexNeeded, codexTurns } from './testing/codex-turns.ts';
import { inOrder, type ModelItem } from './testing/scripted-model.ts';

describe.skipIf(codexNeeded)(`questions of the real binary${codexNeeded}`, () => {
  async function asked(home: string, item: ModelItem, decision: 'approve' | 'deny') {
    await using turns = await codexTurns(home, inOrder([item], [{ say: 'done' }]));
    const desk = answering(() => decision);
    await runTurn(turns.deps, turns.turn(), undefined, desk);
    const said = turns.model.requests.at(-1)?.input.at(-1)?.['output'];
    return { questions: desk.asked, said: String(said), taken: turns.deps.taken };
  }

  const outside = (home: string) => join(home, 'outside.txt');
  const command = (home: string) => ({
    call: 'exec_command',
    arguments: {
      cmd: `echo x > ${outside(home)}`,
      sandbox_permissions: 'require_escalated',
      justification: 'May I write there?',
    },
  });
  const change = (path: string) => ({
    custom: 'apply_patch',
    input: `*** Begin Patch\n*** Add File: ${path}\n+x\n*** End Patch`,
  });

  test('a command outside of the sandbox runs when it is approved', async () => {
    using home = scratch();
    const { questions, said } = await asked(home.path, command(home.path), 'approve');
    expect(questions).toMatchObject([
      {
        kind: 'command_execution',
        reason: 'May I write there?',
        subject: { cwd: '.', text: expect.stringContaining('outside.txt') },
        scopes: ['once', 'run', 'session'],
        ruleKey: expect.stringMatching(/^sha256:/),
        approvalKey: expect.stringMatching(/^[0-9a-f]{12}\/\d+$/),
      },
    ]);
    expect(said).toContain('exited with code 0');
  });

  test('and does not run when it is denied, and the agent goes on', async () => {
    using home = scratch();
    const { said, taken } = await asked(home.path, command(home.path), 'deny');
    expect(said).toContain('rejected');
    expect(existsSync(outside(home.path))).toBe(false);
    expect(payloads(taken, 'tool.result')[0]).toMatchObject({ state: 'canceled' });
  });

  test('a change of a file outside of the work tree is shown with its diff', async () => {
    using home = scratch();
    const { questions } = await asked(home.path, change('/oa-outside.txt'), 'deny');
    expect(questions).toMatchObject([
      {
        kind: 'file_change',
        subject: { diff: expect.stringContaining('x'), changes: [{ kind: 'add' }] },
      },
    ]);
    expect(existsSync('/oa-outside.txt')).toBe(false);
  });

  test('more permissions are granted for the turn', async () => {
    using home = scratch();
    const wanted = { reason: 'To fetch.', permissions: { network: { enabled: true } } };
    const item = { call: 'request_permissions', arguments: wanted };
    const granted = await asked(home.path, item, 'approve');
    expect(granted.questions).toMatchObject([{ kind: 'permissions', reason: 'To fetch.' }]);
    expect(granted.said).toContain('"enabled":true');
    expect(granted.said).toContain('turn');
  });

  test('and are not when they are denied', async () => {
    using home = scratch();
    const wanted = { reason: 'To fetch.', permissions: { network: { enabled: true } } };
    const item = { call: 'request_permissions', arguments: wanted };
    expect((await asked(home.path, item, 'deny')).said).not.toContain('"enabled":true');
  });

  test('a choice is answered with what the agent recommends', async () => {
    using home = scratch();
    const options = [
      { label: 'Blue (Recommended)', description: 'b' },
      { label: 'Red', description: 'r' },
    ];
    const questions = [{ id: 'colour', header: 'Colour', question: 'Which colour?', options }];
    const item = { call: 'request_user_input', arguments: { questions } };
    const approved = await asked(home.path, item, 'approve');
    expect(approved.questions).toMatchObject([{ kind: 'tool_input', scopes: ['once'] }]);
    expect(approved.said).toContain('Blue (Recommended)');
  });

  test('the same question of another run has the same rule', async () => {
    using home = scratch();
    const command = (justification: string) => ({
      call: 'exec_command',
      arguments: { cmd: 'make install', sandbox_permissions: 'require_escalated', justification },
    });
    const first = await asked(join(home.path, '1'), command('May I?'), 'deny');
    const second = await asked(join(home.path, '2'), command('Once more?'), 'deny');
    expect(first.questions[0]?.ruleKey).toBe(second.questions[0]?.ruleKey);
    expect(first.questions[0]?.approvalKey).not.toBe(second.questions[0]?.approvalKey);
  });
});
