import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identifyProcess, isSameProcessAlive } from '../api/process-identity.ts';
import { GATE, spawnAgent } from './agent-process.ts';
import { reapEarlierLife } from './reaper.ts';
import { type HostRequest, openRequestJournal, REQUEST_RETENTION_MS } from './request-journal.ts';
import { scratch } from './testing/repository.ts';
import { workerError } from './worker-error.ts';

function request(request_id: string): HostRequest {
  return {
    request_id,
    run_id: 'run_1',
    thread_id: '',
    method: 'turn/start',
    turn: 1,
    params: {},
    deadline_at_ms: 1,
  };
}

const receipt = workerError({ requestId: 'a', method: 'turn/start' }, 'timeout', 'late', false);

test('a request that is known is not accepted again, whatever became of it', async () => {
  using home = scratch();
  const journal = await openRequestJournal(join(home.path, 'requests'));
  expect(await journal.accept(request('a'))).toBe(true);
  expect(await journal.accept(request('a'))).toBe(false);
  await journal.started('a', null);
  await journal.finished('a', receipt);
  await journal.reported('a');
  const reopened = await openRequestJournal(join(home.path, 'requests'));
  expect(await reopened.accept(request('a'))).toBe(false);
});

test('what a life before reported is not open in this one, and is still known', async () => {
  using home = scratch();
  const journal = await openRequestJournal(join(home.path, 'requests'));
  await journal.accept(request('a'));
  await journal.finished('a', receipt);
  await journal.reported('a');
  expect(await journal.open()).toEqual([]);
  const reopened = await openRequestJournal(join(home.path, 'requests'));
  expect(await reopened.open()).toEqual([]);
  expect(await reopened.find('a')).toEqual({ request: request('a'), state: 'reported' });
});

test('what is not reported yet is found by the next life, oldest first', async () => {
  using home = scratch();
  const journal = await openRequestJournal(join(home.path, 'requests'));
  for (const id of ['a', 'b/../c', 'd']) await journal.accept(request(id));
  await journal.finished('d', receipt);
  await journal.reported('a');
  const open = await (await openRequestJournal(join(home.path, 'requests'))).open();
  expect(open.map((record) => [record.request.request_id, record.state])).toEqual([
    ['b/../c', 'accepted'],
    ['d', 'finished'],
  ]);
});

test('reported requests are forgotten after the retention, open ones never', async () => {
  using home = scratch();
  const journal = await openRequestJournal(join(home.path, 'requests'));
  for (const id of ['done', 'open']) await journal.accept(request(id));
  await journal.reported('done');
  await journal.prune(Date.now() + REQUEST_RETENTION_MS + 1_000);
  expect(await journal.find('done')).toBeUndefined();
  expect(await journal.find('open')).toBeDefined();
});

test('a restart ends the agents of the life before and has them reported, and leaves what had not begun', async () => {
  using home = scratch();
  const journal = await openRequestJournal(join(home.path, 'requests'));
  const agent = await spawnAgent({
    argv: ['/bin/sh', '-c', 'sleep 1000 & wait'],
    cwd: home.path,
    env: { PATH: process.env['PATH'] ?? '' },
    onOutput: () => undefined,
    stopGraceMs: 500,
  });
  agent.start();
  await journal.accept(request('running'));
  await journal.started('running', agent.identity);
  await journal.accept(request('waiting'));

  expect(await reapEarlierLife(journal)).toBe(1);
  await agent.exited;
  expect(await isSameProcessAlive(agent.identity)).toBe(false);
  expect(await journal.find('running')).toMatchObject({
    state: 'finished',
    receipt: {
      event_type: 'worker.error',
      payload: { code: 'worker_unavailable', retryable: true },
    },
  });
  expect(await journal.find('waiting')).toMatchObject({ state: 'accepted' });
});

test('an agent whose host never opened the gate ends without having run', async () => {
  using home = scratch();
  const marker = join(home.path, 'ran');
  // What the kernel does to the gate when the host is killed: its end of the pipe is closed.
  const child = spawn('/bin/sh', ['-c', GATE, 'sh', 'touch', marker], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  child.stdio[3]?.destroy();
  const code = await new Promise((resolve) => child.on('exit', resolve));
  expect(code).toBe(125);
  expect(existsSync(marker)).toBe(false);
});

test('a stranger who got the pid of a dead agent is left alone', async () => {
  using home = scratch();
  const journal = await openRequestJournal(join(home.path, 'requests'));
  const self = await identifyProcess(process.pid);
  await journal.accept(request('a'));
  await journal.started('a', { pid: self?.pid ?? 0, started: 'another boot/1' });
  expect(await reapEarlierLife(journal)).toBe(1);
});
