import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test, vi } from 'vitest';
import { ApiError } from '../api/errors.ts';
import { repository, scratch, script, write } from './testing/repository.ts';
import { outputOf, payloads, runTurn, sandbox, surroundings, turnOf } from './testing/turns.ts';

/** Real clones and processes, on a machine that may be busy. */
vi.setConfig({ testTimeout: 30_000 });

function app(home: string) {
  return repository(join(home, 'src', 'app'), {
    'a.txt': 'one\n',
    'fix.sh': '#!/bin/sh\necho two > a.txt\n',
  });
}

const shell = (body: string) => ['/bin/sh', '-c', body];

describe('an agent that does its work', () => {
  test('is called, answers, and leaves a patch, a bundle and its output', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const { receipt, response } = await runTurn(
      deps,
      turnOf(shell('echo hello; echo two > a.txt'), { source: app(home.path) }),
    );
    expect(receipt.event_type).toBe('worker.response');
    expect(response).toMatchObject({ status: 'completed', exit_code: 0, files_changed: 1 });
    expect(deps.taken.artifacts.patch?.toString()).toContain('+two');
    expect(deps.taken.artifacts.repo_bundle?.toString('latin1')).toMatch(/^# v2 git bundle/);
    expect(deps.taken.artifacts.output?.toString()).toBe('hello\n');
    expect(deps.taken.events.map(({ event_type }) => event_type)).toEqual([
      'tool.call',
      'tool.progress',
      'tool.result',
      'artifact.stored',
      'artifact.stored',
      'artifact.stored',
    ]);
  });

  test('is told the objective, the run, the turn and the feedback', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    await runTurn(
      deps,
      turnOf(shell('echo "$OA_RUN_ID/$OA_TURN/$OA_OBJECTIVE"; cat "$OA_FEEDBACK_FILE"'), {
        source: app(home.path),
        turn: 3,
        feedback: 'the test still fails\n',
      }),
    );
    expect(outputOf(deps.taken)).toBe('run_1/3/make it so\nthe test still fails\n');
  });

  test('may be a script that is not committed yet', async () => {
    using home = scratch();
    const source = app(home.path);
    script(join(source, 'late.sh'), 'echo late > a.txt');
    const { response } = await runTurn(surroundings(home.path), turnOf(['./late.sh'], { source }));
    expect(response).toMatchObject({ status: 'completed', files_changed: 1 });
  });

  test('that changes nothing has no patch', async () => {
    using home = scratch();
    const { response } = await runTurn(
      surroundings(home.path),
      turnOf(['true'], { source: app(home.path) }),
    );
    expect(response).toMatchObject({ status: 'completed', patch: null, files_changed: 0 });
  });

  test('that fails says so with its exit code, and its work is kept', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const turn = turnOf(shell('echo two > a.txt; exit 7'), { source: app(home.path) });
    const { response } = await runTurn(deps, turn);
    expect(response).toMatchObject({ status: 'failed', exit_code: 7, files_changed: 1 });
    expect(payloads(deps.taken, 'tool.result')[0]).toMatchObject({ state: 'failed', exit_code: 7 });
  });
});

describe.runIf(sandbox.bubblewrap)('inside the sandbox', () => {
  test('an agent writes its work tree and nothing else', async () => {
    using home = scratch();
    const source = app(home.path);
    const body = `echo x > ok.txt; echo x > ${source}/bad.txt; echo x > /etc/oa-bad; true`;
    const { response } = await runTurn(surroundings(home.path), turnOf(shell(body), { source }));
    expect(response).toMatchObject({ files_changed: 1 });
    expect(existsSync(join(source, 'bad.txt'))).toBe(false);
    expect(existsSync('/etc/oa-bad')).toBe(false);
  });

  test('it reads no login of the host and no variable that was not passed', async () => {
    using home = scratch();
    write(join(home.path, 'config', 'session.json'), 'refresh token');
    const deps = surroundings(home.path);
    const body = `cat ${home.path}/config/session.json; echo "secret=$HOST_SECRET"`;
    await runTurn(deps, turnOf(shell(body), { source: app(home.path) }));
    expect(outputOf(deps.taken)).not.toContain('refresh token');
    expect(outputOf(deps.taken)).toContain('secret=\n');
  });

  test('it has no socket of the host but its output', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    await runTurn(deps, turnOf(shell('ls -l /proc/self/fd')));
    const sockets = outputOf(deps.taken).matchAll(/(\d+) -> socket:/g);
    expect([...sockets].map(([, descriptor]) => descriptor)).toEqual(['1', '2']);
  });

  test('it has no network', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const body = 'ls /sys/class/net 2>/dev/null; cat /proc/net/dev | tail -n +3 | cut -d: -f1';
    await runTurn(deps, turnOf(shell(body), { source: app(home.path) }));
    expect(outputOf(deps.taken).replaceAll(/\s/g, '')).toMatch(/lo$/);
    expect(payloads(deps.taken, 'tool.call')[0]).toMatchObject({
      input: { sandbox: { tool: 'bubblewrap', network: false } },
    });
  });

  test('git works in the work tree, with the history of the source', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    await runTurn(
      deps,
      turnOf(shell('git log --format=%s; git status --short'), { source: app(home.path) }),
    );
    expect(outputOf(deps.taken)).toBe('first\n');
  });
});

test('full access runs without a sandbox, and the events say so', async () => {
  using home = scratch();
  const deps = surroundings(home.path);
  await runTurn(deps, turnOf(['true'], { source: app(home.path), mode: 'full_access' }));
  expect(payloads(deps.taken, 'tool.call')[0]).toMatchObject({
    input: { sandbox: { tool: 'none', unsandboxed_because: 'full_access' } },
  });
  expect(payloads(deps.taken, 'tool.result')[0]?.['side_effects']).toContain('unsandboxed');
});

describe('an agent that misbehaves', () => {
  test('and never answers is ended at the deadline, with every process it started', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const stop = new AbortController();
    setTimeout(() => stop.abort('deadline'), 400);
    const turn = turnOf(shell('sleep 1000 & sleep 1000 & echo started; wait'), {
      source: app(home.path),
    });
    const startedAt = Date.now();
    const { receipt } = await runTurn(deps, turn, stop.signal);
    expect(receipt).toMatchObject({ event_type: 'worker.error', payload: { code: 'timeout' } });
    expect(payloads(deps.taken, 'tool.result')[0]).toMatchObject({ state: 'timed_out' });
    expect(Date.now() - startedAt).toBeLessThan(8_000);
    expect(processesWith('OA_REQUEST_ID=req_1')).toBe(0);
  });

  test('and ignores SIGTERM is killed, and its last word before is kept', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const stop = new AbortController();
    const body =
      'trap "echo caught" TERM; echo two > a.txt; echo ready; while :; do sleep 0.1; done';
    const running = runTurn(deps, turnOf(shell(body), { source: app(home.path) }), stop.signal);
    await until(() => outputOf(deps.taken).includes('ready'));
    stop.abort('interrupted');
    const { response } = await running;
    expect(response).toMatchObject({ status: 'interrupted', files_changed: 1 });
    expect(outputOf(deps.taken)).toContain('caught');
  });

  test('and floods its output is ended at the limit, in few events', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const { receipt } = await runTurn(
      deps,
      turnOf(shell('yes "a line of a flood"'), {
        source: app(home.path),
        outputBytesMax: 4_000_000,
      }),
    );
    expect(receipt).toMatchObject({
      event_type: 'worker.error',
      payload: { code: 'forbidden' },
    });
    expect(payloads(deps.taken, 'tool.progress').length).toBeLessThan(40);
    expect(deps.taken.artifacts.output?.length).toBeLessThanOrEqual(4_000_000);
  });

  test('and prints invalid UTF-8 and NUL is shown with replacement characters', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    await runTurn(deps, turnOf(shell("printf 'a\\377b\\303\\250\\n'"), { source: app(home.path) }));
    expect(outputOf(deps.taken)).toBe('a\uFFFDbè\n');
  });

  test('and prints a secret has it redacted in events, output and result', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const token = `ghp_${'a1B2'.repeat(9)}`;
    await runTurn(
      deps,
      turnOf(shell(`printf ghp_; sleep 0.3; echo ${token.slice(4)}`), { source: app(home.path) }),
    );
    const all = JSON.stringify(deps.taken.events) + deps.taken.artifacts.output;
    expect(outputOf(deps.taken)).toContain('[redacted:api_key]');
    expect(all).not.toContain(token);
  });

  test('and writes a secret into its patch is flagged, and the patch is not altered', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const token = `ghp_${'a1B2'.repeat(9)}`;
    const { response } = await runTurn(
      deps,
      turnOf(
        shell(
          `printf 'token = ghp_%s\\n' ${token.slice(4)} > conf.ini; echo me@example.org > mail.txt`,
        ),
        { source: app(home.path) },
      ),
    );
    expect(response).toMatchObject({ suspected_secrets: ['conf.ini'] });
    expect(deps.taken.artifacts.patch?.toString()).toContain(token);
  });

  test('and does not exist is a failure with the exit code of a shell', async () => {
    using home = scratch();
    const { response } = await runTurn(
      surroundings(home.path),
      turnOf(['oa-no-such-program'], { source: app(home.path) }),
    );
    expect(response).toMatchObject({ status: 'failed' });
    expect([1, 127]).toContain(response['exit_code']);
  });

  test('and leaves a process that holds its output open does not hold the turn', async () => {
    using home = scratch();
    const deps = surroundings(home.path);
    const startedAt = Date.now();
    const { response } = await runTurn(
      deps,
      turnOf(shell('setsid sleep 1000 & echo done'), {
        source: app(home.path),
        mode: 'full_access',
      }),
    );
    expect(response).toMatchObject({ status: 'completed' });
    expect(Date.now() - startedAt).toBeLessThan(6_000);
    expect(processesWith('OA_REQUEST_ID=req_1')).toBe(0);
  });
});

test('a request that names a program outside of the repository by a relative path is refused', async () => {
  using home = scratch();
  mkdirSync(join(home.path, 'src'), { recursive: true });
  script(join(home.path, 'src', 'outside.sh'), 'true');
  const { receipt } = await runTurn(
    surroundings(home.path),
    turnOf(['../outside.sh'], { source: app(home.path) }),
  );
  expect(receipt).toMatchObject({
    event_type: 'worker.error',
    payload: { code: 'invalid_request' },
  });
});

test('a driver that this host does not have is named', async () => {
  using home = scratch();
  const turn = turnOf([], { source: app(home.path) });
  const { receipt } = await runTurn(surroundings(home.path), {
    ...turn,
    agent: { ...turn.agent, driver: 'codex' },
  });
  expect(receipt.payload).toMatchObject({ code: 'unsupported_method' });
});

test('events reach a platform that was away or refused for a while, once each and in order', async () => {
  using home = scratch();
  let calls = 0;
  const deps = surroundings(home.path);
  const { postEvents } = deps;
  deps.postEvents = async (runId, events) => {
    calls += 1;
    if (calls === 1) throw new ApiError('Network', 'connection refused');
    if (calls === 2) throw new ApiError('RateLimited', 'slower', { retryAfterMs: 300 });
    await postEvents(runId, events);
  };
  await runTurn(deps, turnOf(shell('echo hello'), { source: app(home.path) }));
  const keys = deps.taken.events.map(({ idempotency_key }) => idempotency_key);
  expect(keys).toEqual(keys.map((_, index) => `req_1/${index + 1}`));
  expect(calls).toBeGreaterThan(2);
});

test('on another machine a later turn begins with the patch of the one before', async () => {
  using home = scratch();
  const deps = surroundings(home.path);
  const source = app(home.path);
  await runTurn(deps, turnOf(shell('echo two > a.txt; echo new > b.txt'), { source }));
  const elsewhere = {
    ...deps,
    workspaces: { ...deps.workspaces, runsDirectory: join(home.path, 'other') },
  };
  await runTurn(
    elsewhere,
    turnOf(shell('cat a.txt b.txt'), {
      source,
      turn: 2,
      requestId: 'req_2',
      previousPatch: 'sha256:x',
    }),
  );
  expect(outputOf(deps.taken)).toBe('two\nnew\n');
});

async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!holds()) {
    if (Date.now() > deadline) throw new Error('it never came to that');
    await delay(20);
  }
}

function processesWith(mark: string): number {
  if (process.platform !== 'linux') return 0;
  return readdirSync('/proc').filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/environ`, 'utf8').split('\0').includes(mark);
    } catch {
      return false;
    }
  }).length;
}
