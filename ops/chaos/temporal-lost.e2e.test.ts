/**
 * The whole Temporal database is gone, and comes back empty. Every open run goes on from its log or ends by it, in real
 * processes, and who commands one meanwhile is told to ask again. The runbook is docs/runbooks/temporal-lost.md.
 */
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyReceipt } from '#proto/receipt.ts';
import type { Ask } from '../testing/person.ts';
import {
  removeStack,
  type StackProcess,
  stackDirectory,
  startStackProcess,
} from '../testing/stack-process.ts';
import {
  list,
  pendingTurn,
  type StandInWorker,
  standInWorker,
  throughOutages,
} from '../testing/stand-in-worker.ts';

const DEADLINE_MS = 90_000;

let stack: StackProcess;
let ask: Ask;
let workerId: string;
let worker: StandInWorker;

beforeAll(async () => {
  stack = await startStackProcess(await stackDirectory());
  worker = await standInWorker(stack);
  ({ ask, workerId } = worker);
});
afterAll(async () => {
  worker.stop();
  await removeStack(stack);
});

test('every open run outlives the loss of the Temporal database', async () => {
  const held = await createRun();
  const answered = await createRun();
  const canceling = await createRun();
  const heldRequest = await turnOf(held);
  const answeredRequest = await turnOf(answered);
  await turnOf(canceling);
  const waiting = await createRun({ worker: { selector: { labels: { gpu: 'none has one' } } } });
  await phaseOf(waiting, 'dispatching');
  await insist(() => ask('POST', `/v1/runs/${canceling}/cancel`, { reason: 'enough' }));

  await loseTemporal();
  // Committed while nobody can be told.
  await insist(() => answer(answeredRequest));
  const refusals = new Set<number>();
  const key = randomUUID();
  await eventually(async () => {
    const { status } = await ask('POST', `/v1/runs/${waiting}/cancel`, { reason: 'no' }, key);
    if (status < 300) return true;
    refusals.add(status);
    return undefined;
  });
  expect([...refusals]).toEqual([503]);
  await insist(() => answer(heldRequest));

  for (const [runId, status] of [
    [held, 'succeeded'],
    [answered, 'succeeded'],
    [canceling, 'canceled'],
    [waiting, 'canceled'],
  ] as const) {
    await expectWhole(runId, status);
  }
  const later = await createRun();
  await insist(async () => answer(await turnOf(later)));
  await expectWhole(later, 'succeeded', 0);
});

/** The server that runs then is another process on an empty database. */
async function loseTemporal(): Promise<void> {
  const pid = stack.state().parts['temporal']?.pid;
  if (!pid) throw new Error('Temporal does not run');
  const database = join(stack.directory, 'data', 'temporal.db');
  for (const file of ['', '-wal', '-shm']) await rm(`${database}${file}`, { force: true });
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => stack.state().parts['temporal']?.pid, { timeout: 20_000 }).not.toBe(pid);
}

async function createRun(more: object = {}): Promise<string> {
  const key = randomUUID();
  const { data } = await insist(() => ask('POST', '/v1/runs', { spec: { ...SPEC, ...more } }, key));
  return String(data['run_id']);
}

const SPEC = {
  objective: 'do nothing, and outlive it',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['true'] },
};

async function turnOf(runId: string): Promise<string> {
  const request = await eventually(() => pendingTurn(worker, runId));
  return String(request['request_id']);
}

function answer(request_id: string) {
  const response = {
    ...{ status: 'completed', exit_code: 0, base_commit: '', base_tree: '' },
    ...{ patch: null, repo_bundle: null, files_changed: 0, output: null },
  };
  const payload = { request_id, method: 'turn/start', ok: true, response };
  const events = [{ event_type: 'worker.response', payload }];
  return ask('POST', `/v1/workers/${workerId}/events`, { events }, `answer-${request_id}`);
}

async function phaseOf(runId: string, phase: string): Promise<void> {
  await eventually(async () => {
    const { data } = await ask('GET', `/v1/runs/${runId}`);
    return (data['run'] as Record<string, unknown>)['phase'] === phase ? true : undefined;
  });
}

async function expectWhole(runId: string, status: string, losses = 1): Promise<void> {
  const run = await eventually(async () => {
    const { data } = await ask('GET', `/v1/runs/${runId}`);
    const seen = data['run'] as Record<string, unknown>;
    return seen['replay'] ? seen : undefined;
  });
  expect(run).toMatchObject({ status });
  const { data } = await ask('GET', `/v1/runs/${runId}/events?limit=1000`);
  const types = list(data, 'events').map((event) => event['event_type']);
  const count = (type: string) => types.filter((each) => each === type).length;
  expect(count('run.created')).toBe(1);
  expect(count('turn.started')).toBeLessThanOrEqual(1);
  expect(count('turn.finished')).toBe(count('turn.started'));
  expect(count('run.terminated_externally')).toBe(losses);
  expect(types.at(-1)).toBe('run.finished');
  const { data: evidence } = await ask('GET', `/v1/runs/${runId}/receipt`);
  const keys = await fetch(new URL('/.well-known/jwks.json', stack.state().addresses['runtime']));
  expect(
    await verifyReceipt(evidence['receipt'] as never, (await keys.json()) as never),
  ).toMatchObject({
    ok: true,
  });
}

/** Repeats a call until it succeeds: what a client does with one key. */
function insist(call: () => ReturnType<Ask>): ReturnType<Ask> {
  return eventually(async () => {
    const answered = await call();
    return answered.status < 300 ? answered : undefined;
  });
}

function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  return throughOutages(DEADLINE_MS, look);
}
