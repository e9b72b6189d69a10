import { describe, expect, test } from 'vitest';
import { scratch } from '../../testing/repository.ts';
import { payloads, runTurn } from '../../testing/turns.ts';
import { codexNeeded, codexTurns } from './testing/codex-turns.ts';
import { inOrder } from './testing/scripted-model.ts';

const PATCH = '*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch';

describe.skipIf(codexNeeded)(`a turn of Codex${codexNeeded}`, () => {
  test('runs commands, changes files, says what it did, and leaves a patch', async () => {
    using home = scratch();
    await using codex = await codexTurns(
      home.path,
      inOrder(
        [{ call: 'exec_command', arguments: { cmd: 'cat a.txt' } }],
        [{ custom: 'apply_patch', input: PATCH }],
        [{ say: 'The file says two now.' }],
      ),
    );
    const { receipt, response } = await runTurn(codex.deps, codex.turn());
    expect(receipt.event_type).toBe('worker.response');
    expect(response).toMatchObject({
      status: 'completed',
      exit_code: 0,
      files_changed: 1,
      agent: { name: 'codex' },
    });
    expect(codex.deps.taken.artifacts.patch?.toString()).toContain('+two');
    expect(codex.deps.taken.artifacts.diff?.toString()).toContain('+two');
    expect(codex.deps.taken.artifacts.output?.toString()).toContain('The file says two now.');
    const types = codex.deps.taken.events.map(({ event_type }) => event_type);
    for (const type of [
      'thread.started',
      'tool.call',
      'tool.result',
      'text.delta',
      'turn.diff',
      'usage.recorded',
    ])
      expect(types).toContain(type);
    const [command, change] = payloads(codex.deps.taken, 'tool.result');
    expect(command).toMatchObject({
      tool_name: 'command_execution',
      state: 'succeeded',
      exit_code: 0,
      output_preview: 'one\n',
    });
    expect(change).toMatchObject({ tool_name: 'file_change', state: 'succeeded' });
    expect(codex.model.requests[0]?.authorization).toBe('Bearer sk-of-a-test');
  });
});
