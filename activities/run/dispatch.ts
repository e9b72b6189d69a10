import {
  chooseWorker,
  describeChoice,
  findReceiptEvent,
  findRunRequest,
} from '#db/runtime/dispatch.ts';
import { type RunRow, readRun } from '#db/runtime/runs.ts';
import { findThread, readMessageTexts } from '#db/runtime/threads.ts';
import { openWorkerRequest } from '#db/runtime/worker-requests.ts';
import type { WorkerRow } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { parseId } from '#proto/ids.ts';
import { effectiveLimits } from '#workflows/run/limits.ts';
import type { TurnResponse, WorkerReceipt } from '#workflows/run/messages.ts';
import type { DispatchOutcome, DispatchTurnInput, RunActivities } from '#workflows/run/ports.ts';
import { derivedId } from '../shared/derived-id.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { asJson, messageDelivered, phaseChanged, policyDecided, turnFinished } from './events.ts';

export function createDispatchTurn(deps: RuntimeActivityDeps): RunActivities['dispatchTurn'] {
  return async function dispatchTurn(input) {
    const { run_id, turn, recovery } = input;
    const request_id = derivedId('req', run_id, 'turn', turn, recovery);
    return transaction(deps.sql, async (tx) => {
      const [known, run] = await Promise.all([
        findRunRequest(tx, { run_id, request_id }),
        readRun(tx, run_id),
      ]);
      if (known) return dispatched(known, request_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      // Locks the worker, whom other runs want too: what can be read before is read before.
      const worker = await chooseWorker(tx, run_id);
      if (!worker) return waitForWorker(deps, tx, run, input);
      await appendTurn(deps, tx, run, worker, { ...input, request_id });
      await openWorkerRequest(tx, deps.journal, worker, {
        request_id,
        method: 'turn/start',
        run_id,
        thread_id: run.thread_id,
        turn,
        params: { ...turnParams(run, input), ...(await conversation(tx, run, worker, input)) },
        deadline_at: new Date(input.deadline_at_ms),
      });
      return dispatched(worker, request_id);
    });
  };
}

function dispatched(
  worker: { worker_id: string; lease_epoch: bigint },
  request_id: string,
): DispatchOutcome {
  const { worker_id, lease_epoch } = worker;
  return { kind: 'dispatched', worker_id, request_id, lease_epoch: String(lease_epoch) };
}

async function waitForWorker(
  { journal }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  { turn, recovery, previous_turn }: DispatchTurnInput,
): Promise<DispatchOutcome> {
  const waiting_for = describeChoice(run.spec);
  await journal.appendIn(tx, {
    run_id: run.run_id,
    origin: 'platform',
    events: [
      ...turnFinished(previous_turn),
      phaseChanged('dispatching', `waits for ${waiting_for}`, `waiting:${turn}:${recovery}`),
    ],
    patch: { phase: 'dispatching' },
  });
  return { kind: 'no_worker', waiting_for };
}

async function appendTurn(
  { journal }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  worker: WorkerRow,
  input: DispatchTurnInput & { request_id: string },
): Promise<void> {
  const { turn, recovery, request_id, decision, previous_turn } = input;
  const { worker_id } = worker;
  const isFirst = run.status === 'created';
  await journal.appendIn(tx, {
    run_id: run.run_id,
    origin: 'platform',
    events: [
      ...turnFinished(previous_turn),
      ...(isFirst
        ? [
            {
              event_type: 'run.started',
              idempotency_key: 'run:started',
              payload: { worker_id, actor: 'worker' },
            },
          ]
        : []),
      // A recovery repeats the decision of its turn; the key makes it one event.
      policyDecided(decision, `dispatch:${turn}`),
      {
        event_type: 'turn.started',
        idempotency_key: `turn:${turn}:${recovery}:dispatched`,
        payload: { turn, request_id, worker_id },
      },
      ...(input.message_ids ?? []).map((message_id) =>
        messageDelivered({ message_id, mode: 'queue', turn }, `${turn}:${recovery}`),
      ),
      phaseChanged('executing', `turn ${turn} at ${worker_id}`, `executing:${turn}:${recovery}`),
    ],
    patch: {
      status: 'running',
      phase: 'executing',
      worker_id: parseId('worker', worker_id),
      turns: turn,
    },
  });
}

/** What the worker needs for the turn: the spec's parts, the limits in force, and what is there already. */
function turnParams(run: RunRow, { turn, recovery, feedback }: DispatchTurnInput): JsonObject {
  const { objective, work_unit, repo, agent } = run.spec;
  const { wall_s_max, turns_max, output_bytes_max } = effectiveLimits(run.spec);
  return {
    objective,
    work_unit,
    repo: repo ? asJson(repo) : null,
    agent: agent ? asJson(agent) : null,
    limits: { wall_s_max, turns_max, output_bytes_max: String(output_bytes_max) },
    output_bytes_max,
    turn,
    recovery,
    ...(feedback && { feedback }),
    ...(run.patch && { previous_patch: asJson(run.patch) }),
  };
}

/** What the agent goes on with: its own thread, where this worker keeps it, and what people said since. */
async function conversation(
  tx: Tx,
  run: RunRow,
  worker: WorkerRow,
  { message_ids = [] }: DispatchTurnInput,
): Promise<JsonObject> {
  const messages = await readMessageTexts(tx, message_ids);
  const thread = await findThread(tx, run.thread_id);
  return {
    ...(messages.length > 0 && { messages: messages.map((message) => ({ ...message })) }),
    ...(thread?.agent_thread_id &&
      thread.agent_worker_id === worker.worker_id && {
        agent_thread: { id: thread.agent_thread_id, fork: thread.agent_thread_forks },
      }),
  };
}

export function createReadReceipt({ sql }: RuntimeActivityDeps): RunActivities['readReceipt'] {
  return async function readReceipt(key) {
    const payload = await findReceiptEvent(sql, key);
    return payload ? receiptOf(key, payload) : null;
  };
}

/** A receipt as the worker's topic holds it. */
export function receiptOf(
  key: { worker_id: string; request_id: string },
  payload: JsonObject,
): WorkerReceipt {
  const { worker_id, request_id } = key;
  // Validated when the runtime took it from the host.
  if (payload['ok'] === true) {
    const response = payload['response'] as unknown as TurnResponse;
    return { worker_id, request_id, ok: true, response };
  }
  return {
    worker_id,
    request_id,
    ok: false,
    error: {
      code: String(payload['code'] ?? 'unknown'),
      message: String(payload['message'] ?? ''),
      retryable: payload['retryable'] === true,
    },
  };
}
