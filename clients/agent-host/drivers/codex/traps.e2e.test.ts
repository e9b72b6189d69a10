/** What the real binary does and a reader of its documentation would not expect. Each once cost somebody a day. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { scratch } from '../../testing/repository.ts';
import { payloads, runTurn } from '../../testing/turns.ts';
import type { TurnMessage } from '../driver.ts';
import { codex, codexNeeded, codexTurns, until } from './testing/codex-turns.ts';
import { inOrder } from './testing/scripted-model.ts';

/** Says more than once that it began: what a command prints in its first moments is not always reported. */
const SAYS_BEGUN = 'for at in 1 2 3 4 5 6; do echo begun; sleep 1; done';
const LONG_COMMAND = {
  call: 'exec_command',
  arguments: { cmd: `${SAYS_BEGUN}; sleep 60`, yield_time_ms: 30_000 },
};
const ESCAPE = {
  call: 'exec_command',
  arguments: {
    cmd: 'echo x > /oa-x',
    sandbox_permissions: 'require_escalated',
    justification: 'May I?',
  },
};

describe.skipIf(codexNeeded)(`traps of the real binary${codexNeeded}`, () => {
  test('items that never complete after an interrupt are closed with the turn', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([LONG_COMMAND], [{ say: 'late' }]));
    const stop = new AbortController();
    const running = runTurn(turns.deps, turns.turn(), stop.signal);
    await until(() => payloads(turns.deps.taken, 'tool.progress').length > 0);
    stop.abort('interrupted');
    const { response } = await running;
    expect(response).toMatchObject({ status: 'interrupted' });
    const { taken } = turns.deps;
    const finished = payloads(taken, 'item.finished').map(({ item_id }) => item_id);
    expect(payloads(taken, 'item.started').map(({ item_id }) => item_id)).toEqual(finished);
    expect(payloads(taken, 'item.finished').at(-1)).toMatchObject({
      item_kind: 'command_execution',
      status: 'interrupted',
    });
    expect(payloads(taken, 'tool.result').at(-1)).toMatchObject({ state: 'canceled' });
  });

  test('a message that was accepted and then interrupted was not delivered', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([LONG_COMMAND], [{ say: 'late' }]));
    const stop = new AbortController();
    const steering = Promise.withResolvers<(message: TurnMessage) => Promise<boolean>>();
    const running = runTurn(turns.deps, turns.turn(), stop.signal, {
      takesMessages: steering.resolve,
    });
    const steer = await steering.promise;
    await until(() => payloads(turns.deps.taken, 'tool.progress').length > 0);
    const taken = steer({ messageId: 'message_1', text: 'and another thing' });
    await delay(300);
    stop.abort('interrupted');
    expect(await taken).toBe(false);
    await running;
    expect(await steer({ messageId: 'message_2', text: 'too late' })).toBe(false);
  });

  test('a message reaches the model in the turn that runs', async () => {
    using home = scratch();
    const short = {
      call: 'exec_command',
      arguments: { cmd: SAYS_BEGUN, yield_time_ms: 20_000 },
    };
    await using turns = await codexTurns(home.path, inOrder([short], [{ say: 'seen' }]));
    const steering = Promise.withResolvers<(message: TurnMessage) => Promise<boolean>>();
    const running = runTurn(turns.deps, turns.turn(), undefined, {
      takesMessages: steering.resolve,
    });
    const steer = await steering.promise;
    await until(() => payloads(turns.deps.taken, 'tool.progress').length > 0);
    expect(await steer({ messageId: 'message_1', text: 'and another thing' })).toBe(true);
    expect((await running).response).toMatchObject({ status: 'completed' });
    expect(JSON.stringify(turns.model.requests.at(-1)?.input)).toContain('and another thing');
  });

  test('the items of turn/completed are a summary: the events come from the items themselves', async () => {
    using home = scratch();
    await using turns = await codexTurns(
      home.path,
      inOrder([{ call: 'exec_command', arguments: { cmd: 'true' } }], [{ say: 'done' }]),
    );
    await runTurn(turns.deps, turns.turn());
    expect(payloads(turns.deps.taken, 'item.finished').map(({ item_kind }) => item_kind)).toEqual([
      'user_message',
      'command_execution',
      'agent_message',
    ]);
  });

  test('turn times are seconds and item times milliseconds: latency is measured here', async () => {
    using home = scratch();
    await using turns = await codexTurns(
      home.path,
      inOrder([{ call: 'exec_command', arguments: { cmd: 'sleep 1' } }], [{ say: 'done' }]),
    );
    await runTurn(turns.deps, turns.turn());
    const latency = Number(payloads(turns.deps.taken, 'tool.result')[0]?.['latency_ms']);
    // The item is reported some time after its command began.
    expect(latency).toBeGreaterThanOrEqual(500);
    expect(latency).toBeLessThan(20_000);
  });

  test('a killed server loses its question, and the resumed thread does not ask it again', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([ESCAPE], [{ say: 'after' }]));
    const keys: string[] = [];
    const asked = Promise.withResolvers<void>();
    const approvals = {
      ask: (question: { approvalKey: string }, signal: AbortSignal) => {
        keys.push(question.approvalKey);
        asked.resolve();
        return new Promise<never>((_, reject) =>
          signal.addEventListener('abort', () => reject(signal.reason)),
        );
      },
    };
    const crashed = runTurn(turns.deps, turns.turn(), undefined, { approvals });
    await asked.promise;
    killAppServer(turns.homeDirectory);
    expect((await crashed).receipt.payload).toMatchObject({
      code: 'worker_unavailable',
      retryable: true,
    });
    const again = await runTurn(turns.deps, turns.turn({ requestId: 'req_2' }), undefined, {
      approvals,
    });
    expect(again.response).toMatchObject({ status: 'completed' });
    expect(keys).toHaveLength(1);
    const threads = payloads(turns.deps.taken, 'thread.started');
    expect(threads[1]).toMatchObject({
      agent_thread_id: threads[0]?.['agent_thread_id'],
      resumed: true,
    });
  });

  test('a model that the binary does not know is offered no apply_patch', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([{ say: 'hello' }]), {
      model: 'a-model-of-somebody-else',
    });
    await runTurn(turns.deps, turns.turn());
    expect(turns.model.requests[0]?.tools).not.toContain('apply_patch');
    expect(turns.model.requests[0]?.tools).toContain('exec_command');
    expect(JSON.stringify(payloads(turns.deps.taken, 'agent.error'))).toContain('metadata');
  });

  test('untrusted is refused in the configuration file and taken for a thread', async () => {
    using home = scratch();
    await using turns = await codexTurns(
      home.path,
      inOrder([{ call: 'exec_command', arguments: { cmd: 'touch b.txt' } }], [{ say: 'done' }]),
    );
    const turn = turns.turn();
    const agent = { ...turn.agent, approval_policy: 'untrusted' as const };
    const kinds: string[] = [];
    await runTurn(turns.deps, { ...turn, agent }, undefined, {
      approvals: {
        async ask({ kind }) {
          kinds.push(kind);
          return { decision: 'approve', scope: 'once', reason: '' };
        },
      },
    });
    expect(kinds).toEqual(['command_execution']);
    const config = join(turns.homeDirectory, 'config.toml');
    writeFileSync(config, `approval_policy = "untrusted"\n${readFileSync(config, 'utf8')}`);
    expect(startWith(turns.homeDirectory)).toContain('no longer supported');
  });

  test('wire_api is responses or nothing', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, inOrder([{ say: 'hello' }]));
    await runTurn(turns.deps, turns.turn());
    const config = join(turns.homeDirectory, 'config.toml');
    writeFileSync(config, readFileSync(config, 'utf8').replace('"responses"', '"chat"'));
    expect(startWith(turns.homeDirectory)).toContain('no longer supported');
  });

  test('a prompt that was accepted is not finished', async () => {
    using home = scratch();
    await using turns = await codexTurns(home.path, () => ({
      items: [{ say: 'slowly' }],
      waitMs: 1_000,
    }));
    const startedAt = Date.now();
    const { response } = await runTurn(turns.deps, turns.turn());
    expect(Date.now() - startedAt).toBeGreaterThan(1_000);
    expect(response).toMatchObject({ status: 'completed' });
  });
});

/** SIGKILL to the app servers of one home, found by their environment. */
function killAppServer(homeDirectory: string): void {
  const found = execFileSync(
    'sh',
    ['-c', `grep -lzs "^CODEX_HOME=${homeDirectory}$" /proc/[0-9]*/environ || true`],
    { encoding: 'utf8' },
  );
  const pids = [...found.matchAll(/\/proc\/(\d+)\//g)].map(([, pid]) => Number(pid));
  expect(pids.length).toBeGreaterThan(0);
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It ended with one that was killed before.
    }
  }
}

/** What the binary says when it is started with a home. */
function startWith(homeDirectory: string): string {
  const initialize = {
    id: 1,
    method: 'initialize',
    params: { clientInfo: { name: 'test', title: null, version: '1' }, capabilities: null },
  };
  const { stdout, stderr } = spawnSync(codex.found?.path ?? '', ['app-server'], {
    input: `${JSON.stringify(initialize)}\n`,
    env: { PATH: process.env['PATH'], HOME: homeDirectory, CODEX_HOME: homeDirectory },
    encoding: 'utf8',
  });
  return stdout + stderr;
}
