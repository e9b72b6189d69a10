/** A small host asks for its agent; people answer on the terminal where they watch, and from elsewhere. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WorkerRequest } from '#proto/gen/types.ts';
import { eventually, killed, type Oa, oaOf } from '../testing/oa.ts';
import { type Operator, signIn } from '../testing/operator.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';

const EMAIL = 'asks@example.invalid';
const LAUNCHER = join(import.meta.dirname, '..', '..', 'bin', 'oa');
/** Runs a command on a terminal of its own; Python is what the stack needs already. */
const ON_TERMINAL = 'import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)';

let stack: StackProcess;
let oa: Oa;
let host: Operator;
let workerId = '';
const watchers: ChildProcess[] = [];

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  oa = oaOf(stack, stack.directory);
  await oa.login(EMAIL);
  host = await signIn(stack, EMAIL);
  const registered = await host.call<{ worker: { worker_id: string } }>(
    'runtime',
    'POST',
    '/v1/workers',
    { adapter: 'codex' },
  );
  workerId = registered.worker.worker_id;
});
afterAll(async () => {
  await Promise.all(watchers.map((child) => killed(child, 'SIGTERM')));
  await removeStack(stack);
});

test('a question is answered from elsewhere, then in place, and the agent goes on', async () => {
  const { run_id, request_id } = await beginRun();
  const terminal = watch(run_id);
  const first = await ask(run_id, request_id, 'a/1', ['rm', '-rf', 'dist']);
  await eventually(() => terminal.shows('Approve? y once, r for this run, n deny'));
  expect(terminal.text()).toContain('rm -rf dist');

  const listed = await oa.run('runs', 'approvals');
  expect(listed.out).toContain('asks for   rm -rf dist');
  expect(listed.out).toContain(`runs approve ${run_id} ${first}`);
  const json = JSON.parse((await oa.run('runs', 'approvals', run_id, '--json')).out);
  expect(json).toMatchObject({
    schema: 'openagents.cli.runs.approvals.v1',
    approvals: [{ approval_id: first, subject: { command: ['rm', '-rf', 'dist'] } }],
  });

  const approved = await oa.run('runs', 'approve', run_id, first);
  expect([approved.code, approved.err]).toEqual([0, `${first} is approved.\n`]);
  await eventually(() => terminal.shows(`approval ${first}: approve by user:${host.userId}`));
  expect((await request('approval/resolve')).params).toMatchObject({
    approval_key: 'a/1',
    decision: 'approve',
  });
  const late = await oa.run('runs', 'approve', run_id, first, '--deny');
  expect(late.code).toBe(5);
  expect(late.err).toContain(`user:${host.userId} approved it at`);

  const second = await ask(run_id, request_id, 'a/2', ['npm', 'publish']);
  await eventually(() => terminal.shows('npm publish'));
  await eventually(() => terminal.asks(2));
  terminal.type('n\n');
  const told = await request('approval/resolve', (params) => params['approval_id'] === second);
  expect(told.params).toMatchObject({ approval_key: 'a/2', decision: 'deny', scope: 'once' });

  await end(request_id);
  expect(await terminal.ended).toBe(0);
  expect((await oa.run('runs', 'approvals')).err).toContain('Nothing is requested.');
});

test('a turn is steered, interrupted, and the next one begins with what was said', async () => {
  const { run_id, request_id } = await beginRun();
  const steered = await oa.run('runs', 'steer', run_id, 'use the small parser', '--json');
  expect(JSON.parse(steered.out)).toMatchObject({ mode: 'steer', turn: 1 });
  expect((await request('turn/steer')).params).toMatchObject({ text: 'use the small parser' });
  const stopped = await oa.run('runs', 'interrupt', run_id, '--message', 'go left');
  expect([stopped.code, stopped.err]).toEqual([0, 'Turn 1 is asked to stop.\n']);
  await request('turn/interrupt');
  await end(request_id, 'interrupted');
  const next = await request('turn/start');
  const said = next.params?.['messages'] as { text: string }[];
  expect(said.map(({ text }) => text)).toEqual(['use the small parser', 'go left']);
  const forked = await oa.run('threads', 'fork', next.thread_id);
  expect([forked.code, forked.out]).toEqual([0, expect.stringMatching(/^thread_/)]);
  await end(next.request_id);
  const closed = await eventually(async () => {
    const late = await oa.run('runs', 'steer', run_id, 'too late');
    return late.code === 5 ? late : undefined;
  });
  expect(closed.err).toContain('The run has ended');
});

async function beginRun(): Promise<{ run_id: string; request_id: string }> {
  const { run_id } = await host.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
    spec: {
      objective: 'release it',
      work_unit: 'agent_task',
      agent: { driver: 'codex' },
      worker: { worker_id: workerId },
    },
  });
  return { run_id, request_id: (await request('turn/start')).request_id };
}

async function ask(
  run_id: string,
  request_id: string,
  approval_key: string,
  command: string[],
): Promise<string> {
  const asked = await host.call<{ approval_id: string }>(
    'runtime',
    'POST',
    `/v1/runs/${run_id}/approvals`,
    {
      request_id,
      approval_key,
      kind: 'command_execution',
      subject: { text: command.join(' '), command },
      scopes: ['once', 'run'],
      rule_key: command.join(' '),
    },
  );
  return asked.approval_id;
}

function request(
  method: string,
  which: (params: Record<string, unknown>) => boolean = () => true,
): Promise<WorkerRequest> {
  return eventually(async () => {
    const { requests } = await host.call<{ requests: WorkerRequest[] }>(
      'runtime',
      'GET',
      `/v1/workers/${workerId}/requests?state=pending`,
    );
    return requests.find((each) => each.method === method && which(each.params ?? {}));
  });
}

async function end(request_id: string, status = 'completed'): Promise<void> {
  const response = { status, exit_code: 0, patch: null, repo_bundle: null, output: null };
  await host.call('runtime', 'POST', `/v1/workers/${workerId}/events`, {
    events: [{ event_type: 'worker.response', payload: { request_id, ok: true, response } }],
  });
}

function watch(runId: string) {
  const env = { ...stack.env, OA_CONTROL_URL: stack.state().addresses['control'] ?? '' };
  const words = ['-c', ON_TERMINAL, LAUNCHER, 'runs', 'watch', runId, '--from-start'];
  const child = spawn('python3', words, { cwd: stack.directory, env, stdio: 'pipe' });
  watchers.push(child);
  let seen = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      seen += chunk;
    });
  }
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  const text = () => seen;
  return {
    ended,
    text,
    shows: (part: string) => text().includes(part) || undefined,
    /** How often it asked: each question stands below what it is about. */
    asks: (times: number) =>
      text().split(/command execution.*?leave it open/s).length > times || undefined,
    type: (keys: string) => child.stdin.write(keys),
  };
}
