/**
 * Create, dispatch, receipt: at each step one part of the platform is killed with SIGKILL. However that falls, the run has
 * one beginning, one end and one receipt, its worker one request with one answer, and nothing is left waiting.
 */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
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

const DEADLINE_MS = 60_000;

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

const VICTIMS = ['temporal', 'worker', 'runtime'];
const STEPS = ['create', 'dispatch', 'receipt'] as const;
const CASES = STEPS.flatMap((step) => VICTIMS.map((victim) => ({ step, victim })));

test.each(CASES)('$victim is killed at $step', async ({ step, victim }) => {
  const key = randomUUID();
  let killed = 0;
  const killAt = (now: (typeof STEPS)[number]) => {
    if (now === step) killed = kill(victim);
  };

  const creating = insist(() => ask('POST', '/v1/runs', { spec: SPEC }, key), [201, 200]);
  killAt('create');
  const runId = field(await creating, 'run_id');

  killAt('dispatch');
  const request = await eventually(() => pendingTurn(worker, runId));

  killAt('receipt');
  const receiptKey = randomUUID();
  const answer = { events: [workerResponse(String(request['request_id']))] };
  await insist(() => ask('POST', `/v1/workers/${workerId}/events`, answer, receiptKey), [200, 201]);

  const run = await eventually(async () => {
    const { data } = await ask('GET', `/v1/runs/${runId}`);
    const seen = (data as { run: Record<string, unknown> }).run;
    return seen['replay'] ? seen : undefined;
  });
  expect(run).toMatchObject({ status: 'succeeded', terminal_reason_class: 'completed' });

  const { data: log } = await ask('GET', `/v1/runs/${runId}/events?limit=1000`);
  const types = list(log, 'events').map((event) => event['event_type']);
  for (const once of ['run.created', 'run.started', 'turn.started', 'turn.finished']) {
    expect(types.filter((type) => type === once)).toEqual([once]);
  }
  expect(types.filter((type) => type === 'run.finished')).toHaveLength(1);
  expect(types.at(-1)).toBe('run.finished');

  const { data: topic } = await ask('GET', `/v1/workers/${workerId}/events?limit=1000`);
  const receipts = list(topic, 'events').filter(
    (event) =>
      (event['payload'] as Record<string, unknown>)['request_id'] === request['request_id'],
  );
  expect(receipts.map((event) => event['event_type'])).toEqual([
    'worker.request',
    'worker.response',
  ]);
  const { data: open } = await ask('GET', `/v1/workers/${workerId}/requests?state=pending`);
  expect(list(open, 'requests')).toEqual([]);
  // The fault fired: the part that runs now is another process.
  await expect.poll(() => stack.state().parts[victim]?.pid, { timeout: 20_000 }).not.toBe(killed);
});

const SPEC = {
  objective: 'do nothing, and survive it',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['true'] },
};

function workerResponse(request_id: string) {
  return {
    event_type: 'worker.response',
    payload: {
      request_id,
      method: 'turn/start',
      ok: true,
      response: {
        status: 'completed',
        exit_code: 0,
        base_commit: '',
        base_tree: '',
        patch: null,
        repo_bundle: null,
        files_changed: 0,
        output: null,
        turn_seq: 1,
      },
    },
  };
}

function kill(part: string): number {
  const pid = stack.state().parts[part]?.pid;
  if (!pid) throw new Error(`${part} does not run, so it cannot be killed`);
  process.kill(pid, 'SIGKILL');
  return pid;
}

/** Repeats a call until it is answered as hoped: what a client does with one idempotency key. */
async function insist(call: () => ReturnType<Ask>, hoped: number[]): ReturnType<Ask> {
  return eventually(async () => {
    const answer = await call();
    return hoped.includes(answer.status) ? answer : undefined;
  });
}

function eventually<T>(look: () => Promise<T | undefined>): Promise<T> {
  return throughOutages(DEADLINE_MS, look);
}

function field({ data }: Awaited<ReturnType<Ask>>, name: string): string {
  return String((data as Record<string, unknown>)[name]);
}
