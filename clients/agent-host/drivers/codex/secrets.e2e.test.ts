/** What a command of the model must not read, tried by one. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { processesOf } from '../../testing/left-behind.ts';
import { scratch } from '../../testing/repository.ts';
import { payloads, runTurn } from '../../testing/turns.ts';
import { codexNeeded } from './testing/codex-turns.ts';
import { LOGIN, loginFileOf, loginTurns } from './testing/login-turns.ts';
import { inOrder } from './testing/scripted-model.ts';

const SANDBOXES = ['workspace_write', 'read_only'] as const;

describe.skipIf(codexNeeded)(`secrets of a worker of Codex${codexNeeded}`, () => {
  test.each(SANDBOXES)(
    'with %s no command reads the login of Codex nor what other runs said',
    async (mode) => {
      using home = scratch();
      const login = loginFileOf(home.path);
      const worker = join(home.path, 'data', 'codex');
      const kept = ['sessions', 'databases'].map((name) => join(worker, name));
      const looks = [`cat ${worker}/auth.json ${login}`, ...kept.map((path) => `ls ${path}`)];
      await using turns = await loginTurns(home.path, tries(looks.join('; ')));
      const { agent } = turns.turn();
      await runTurn(turns.deps, turns.turn({ agent: { ...agent, sandbox: mode } }));
      expect(turns.model.requests[0]?.authorization).toBe(`Bearer ${LOGIN.OPENAI_API_KEY}`);
      const told = outputOf(turns.deps.taken);
      expect(told).toContain('the end');
      expect(told).not.toContain(LOGIN.OPENAI_API_KEY);
      for (const path of kept) expect(told).toContain(`cannot open directory '${path}'`);
      expect(processesOf(home.path)).toEqual([]);
    },
  );
});

function tries(command: string) {
  const call = { call: 'exec_command', arguments: { cmd: `${command}; echo the end` } };
  return inOrder([call], [{ say: 'seen' }]);
}

function outputOf(taken: Parameters<typeof payloads>[0]): string {
  return String(payloads(taken, 'tool.result')[0]?.['output_preview']);
}
