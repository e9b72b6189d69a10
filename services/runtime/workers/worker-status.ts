import { appendWorkerEvent, publishWorkerSummary } from '#db/runtime/worker-events.ts';
import { lockWorker, setWorkerStatus, type WorkerRow, workerMessage } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { TopicPosition } from '#proto/gen/types.ts';
import {
  IllegalWorkerTransition,
  nextWorkerStatus,
  type WorkerStatus,
} from '#workflows/worker/state.ts';
import { type Caller, requirePerson } from '../../shared/http/caller.ts';
import type { Answer, Command } from '../../shared/http/command.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { runsHeldByWorker } from './runs-of-worker.ts';
import { ownedWorker, workerIdOf } from './worker-access.ts';

export function changeWorkerStatus(deps: RuntimeDeps): RuntimeHandler<'runtime.worker.status.set'> {
  return async function changeWorkerStatus({ body, params, caller, command }) {
    if (body.status === '') throw new ProblemError('invalid_request', 'The body names no status.');
    return moveWorker(deps, { params, caller, command, to: body.status, reason: body.reason });
  };
}

/** Asks the host to stop: it sees `worker.stopping` on its topic and answers with the status `stopped`. */
export function stopWorker(deps: RuntimeDeps): RuntimeHandler<'runtime.worker.stop'> {
  return async function stopWorker({ body, params, caller, command }) {
    return moveWorker(deps, { params, caller, command, to: 'stopping', reason: body.reason });
  };
}

interface Move {
  params: Readonly<Record<string, string>>;
  caller: Caller;
  command: Command<Tx>;
  to: WorkerStatus;
  reason: string;
}

async function moveWorker(deps: RuntimeDeps, move: Move): Promise<Answer> {
  const { sql, workflows } = deps;
  const workerId = workerIdOf(move.params);
  const { answer, worker, changed } = await transaction(sql, async (tx) => {
    const before = ownedWorker(await lockWorker(tx, workerId), requirePerson(move.caller));
    const after = await recordMove(tx, deps, before, move);
    const completed = await move.command.complete(tx, {
      data: { worker: workerMessage(after.worker, deps.now()) },
      positions: after.positions,
    });
    return { answer: completed, worker: after.worker, changed: after.changed };
  });
  if (changed && (worker.status === 'stopped' || worker.status === 'failed')) {
    const lost = {
      worker_id: workerId,
      lease_epoch: String(worker.lease_epoch),
      reason: move.reason || `the worker is ${worker.status}`,
    };
    for (const runId of await runsHeldByWorker(sql, workerId)) workflows.workerLost(runId, lost);
  }
  return answer;
}

/** Staying in a status is allowed and leaves no event. */
async function recordMove(
  tx: Tx,
  { journal, now }: RuntimeDeps,
  before: WorkerRow,
  { to, reason }: Move,
): Promise<{ worker: WorkerRow; changed: boolean; positions: TopicPosition[] }> {
  const status = checkedNext(before.status, to);
  if (status === before.status) return { worker: before, changed: false, positions: [] };
  const moved = await setWorkerStatus(tx, before.worker_id, status);
  const event = await appendWorkerEvent(tx, journal, moved, {
    event_type: `worker.${status}`,
    payload: { status, reason },
  });
  const worker = { ...moved, latest_seq: event.seq };
  const summaries = await publishWorkerSummary(tx, journal, worker, now());
  return { worker, changed: true, positions: [...event.positions, ...summaries] };
}

function checkedNext(from: WorkerStatus, to: WorkerStatus): WorkerStatus {
  try {
    return nextWorkerStatus(from, to);
  } catch (error) {
    if (!(error instanceof IllegalWorkerTransition)) throw error;
    throw new ProblemError('conflict', error.message, { cause: error });
  }
}
