import { describe, expect, test } from 'vitest';
import { LOOP_CRITICAL_CALLS } from '#workflows/run/loop-detection.ts';
import { findingsOf } from '#workflows/run/testing/loop-findings.ts';
import { scratch } from '../../testing/repository.ts';
import { payloads, runTurn } from '../../testing/turns.ts';
import { codexNeeded, codexTurns, until } from './testing/codex-turns.ts';

describe.skipIf(codexNeeded)(`a Codex that turns in a circle${codexNeeded}`, () => {
  test('is seen in what it reports, and can be stopped', async () => {
    using home = scratch();
    // A model that asks for the same command for ever.
    const stuck = () => ({ items: [{ call: 'exec_command', arguments: { cmd: 'cat a.txt' } }] });
    await using codex = await codexTurns(home.path, stuck);
    const stop = new AbortController();
    const turning = runTurn(codex.deps, codex.turn(), stop.signal);
    const { taken } = codex.deps;
    await until(() => payloads(taken, 'tool.result').length > LOOP_CRITICAL_CALLS);
    stop.abort('interrupted');
    const { response } = await turning;
    expect(response).toMatchObject({ status: 'interrupted' });

    const found = findingsOf(taken.events.map((event, index) => ({ ...event, seq: index + 1 })));
    expect(found.map(({ finding }) => [finding.detector, finding.level]).slice(0, 2)).toEqual([
      ['generic_repeat', 'warning'],
      ['generic_repeat', 'critical'],
    ]);
  });
});
