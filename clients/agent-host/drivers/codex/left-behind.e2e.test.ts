import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { reapEarlierLife } from '../../reaper.ts';
import { openRequestJournal } from '../../request-journal.ts';
import { processesOf } from '../../testing/left-behind.ts';
import { scratch } from '../../testing/repository.ts';
import { runTurn } from '../../testing/turns.ts';
import { codexNeeded } from './testing/codex-turns.ts';
import { helperIsStuck, MASKINGS, stuckTurns } from './testing/stuck-turns.ts';

const HOST = join(import.meta.dirname, 'testing', 'killed-host.ts');

describe.skipIf(codexNeeded)(`nothing is left of a turn of Codex${codexNeeded}`, () => {
  test.each(MASKINGS)('that is stopped, %s', async (masking) => {
    using home = scratch();
    await using turns = await stuckTurns(home.path, masking);
    const stop = new AbortController();
    const running = runTurn(turns.deps, turns.turn(), stop.signal);
    await helperIsStuck(home.path);
    stop.abort('interrupted');
    expect((await running).response).toMatchObject({ status: 'interrupted' });
    expect(processesOf(home.path)).toEqual([]);
  });

  test.each(MASKINGS)('whose app server is killed, %s', async (masking) => {
    using home = scratch();
    await using turns = await stuckTurns(home.path, masking);
    const server = Promise.withResolvers<number>();
    const running = runTurn(turns.deps, turns.turn(), undefined, {
      processStarting: async ({ pid }) => server.resolve(pid),
    });
    const pid = await server.promise;
    await helperIsStuck(home.path);
    process.kill(pid, 'SIGKILL');
    expect((await running).receipt.payload).toMatchObject({ code: 'worker_unavailable' });
    expect(processesOf(home.path)).toEqual([]);
  });

  test.each(MASKINGS)('whose host is killed, once the next host has begun, %s', async (masking) => {
    using home = scratch();
    const host = spawn(process.execPath, [HOST, home.path, masking], { stdio: 'ignore' });
    onTestFinished(() => void host.kill('SIGKILL'));
    await helperIsStuck(home.path);
    host.kill('SIGKILL');
    await once(host, 'exit');
    const journal = await openRequestJournal(join(home.path, 'requests'));
    expect(await reapEarlierLife(journal)).toBe(1);
    expect(processesOf(home.path)).toEqual([]);
  });
});
