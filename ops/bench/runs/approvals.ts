import { rm } from 'node:fs/promises';
import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import type { Operator } from '../../testing/operator.ts';
import { stackDirectory, startStackProcess } from '../../testing/stack-process.ts';
import { createArrivals } from '../arrivals.ts';
import { BARE_QUEUE, type BareTemporal, startBareTemporal } from '../bare-temporal.ts';
import type { bareSignal } from '../bare-workflows.ts';
import { signInForBench } from '../bench-stack.ts';
import { khalaClientOf } from '../khala-client.ts';
import { startLongRun } from '../live-run.ts';
import { type Measure, median } from '../measure.ts';

const ROUNDS = 40;
const WARM_UP_ROUNDS = 5;

/** From an answer to an approval until the host that asked has it, over the least that could carry it. */
export async function measureApprovals(): Promise<Measure[]> {
  const directory = await stackDirectory();
  try {
    const stack = await startStackProcess(directory);
    try {
      await using bare = await startBareTemporal(stack);
      const operator = await signInForBench(stack);
      const { worker } = await operator.call<{ worker: { worker_id: string } }>(
        'runtime',
        'POST',
        '/v1/workers',
        { adapter: 'command' },
      );
      const client = await khalaClientOf(stack, operator);
      try {
        const host = followHost(client, worker.worker_id);
        return [await onHost(operator, host, bare)];
      } finally {
        await client.close();
      }
    } finally {
      await stack.stop();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

interface FollowedHost {
  workerId: string;
  /** `performance.now()` when the frame arrived, and what the request asks for. */
  request(key: string): Promise<{ atMs: number; requestId: string }>;
  note(id: string): Promise<number>;
}

/** A host as Khala shows it: its requests by run or approval, its notes by id. */
function followHost(
  client: Awaited<ReturnType<typeof khalaClientOf>>,
  workerId: string,
): FollowedHost {
  const requests = createArrivals<{ atMs: number; requestId: string }>();
  const notes = createArrivals<number>();
  client.subscribe(topics.workerEvents(parseId('worker', workerId)), {
    from: 'beginning',
    onEvent({ kind, payload }) {
      const atMs = performance.now();
      const said = payload as {
        request_id?: string;
        run_id?: string;
        method?: string;
        note?: string;
      };
      const { approval_id } = (payload as { params?: { approval_id?: string } }).params ?? {};
      if (kind === 'worker.note') notes.arrive(said.note ?? '', atMs);
      if (kind !== 'worker.request') return;
      const key = said.method === 'turn/start' ? said.run_id : approval_id;
      requests.arrive(key ?? '', { atMs, requestId: said.request_id ?? '' });
    },
  });
  return { workerId, request: (key) => requests.wait(key), note: (id) => notes.wait(id) };
}

async function onHost(
  operator: Operator,
  host: FollowedHost,
  bare: BareTemporal,
): Promise<Measure> {
  const runId = await startLongRun(operator, host.workerId);
  const turn = await host.request(runId);
  const answered: number[] = [];
  const least: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const bareMs = (await signalMs(bare)) + (await frameMs(operator, host));
    const askedMs = await approvalMs(operator, host, { runId, turn: turn.requestId, round });
    if (round < WARM_UP_ROUNDS) continue;
    least.push(bareMs);
    answered.push(askedMs);
  }
  return {
    name: "approval answered: the agent's host is told, p50",
    value: median(answered.map((ms, index) => ms / (least[index] ?? Number.NaN))),
    unit: '×',
    better: 'lower',
    goal: 2,
    stretch: 1.4,
    baseline: `a signal that ends a bare workflow, and one Khala frame, ${median(least).toFixed(1)} ms (subject ${median(answered).toFixed(1)} ms)`,
    samples: { answered_ms: answered, bare_ms: least },
  };
}

async function approvalMs(
  operator: Operator,
  host: FollowedHost,
  question: { runId: string; turn: string; round: number },
): Promise<number> {
  const path = `/v1/runs/${question.runId}/approvals`;
  const { approval_id } = await operator.call<{ approval_id: string }>('runtime', 'POST', path, {
    request_id: question.turn,
    approval_key: `0/${question.round}`,
    kind: 'command_execution',
    subject: { text: 'make deploy', command: ['make', 'deploy'] },
    reason: 'the bench asks',
    scopes: ['once'],
    rule_key: '',
    generation: 0,
  });
  const startedAt = performance.now();
  await operator.call('runtime', 'POST', `${path}/${approval_id}`, {
    decision: 'approve',
    scope: 'once',
  });
  const told = await host.request(approval_id);
  await operator.call('runtime', 'POST', `/v1/workers/${host.workerId}/events`, {
    events: [
      {
        event_type: 'worker.response',
        payload: { request_id: told.requestId, method: 'approval/resolve', ok: true, response: {} },
      },
    ],
  });
  return told.atMs - startedAt;
}

/** A signal, until the workflow that waited for it has ended. */
async function signalMs({ client }: BareTemporal): Promise<number> {
  const handle = await client.workflow.start<typeof bareSignal>('bareSignal', {
    taskQueue: BARE_QUEUE,
    workflowId: `bare/${crypto.randomUUID()}`,
  });
  const startedAt = performance.now();
  await handle.signal('answered');
  await handle.result();
  return performance.now() - startedAt;
}

/** One event of the worker, until its frame has arrived. */
async function frameMs(operator: Operator, host: FollowedHost): Promise<number> {
  const note = crypto.randomUUID();
  const startedAt = performance.now();
  await operator.call('runtime', 'POST', `/v1/workers/${host.workerId}/events`, {
    events: [{ event_type: 'worker.note', payload: { note } }],
  });
  return (await host.note(note)) - startedAt;
}
