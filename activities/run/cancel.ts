import { databaseTime } from '#db/database-clock.ts';
import type { Journal } from '#db/runtime/journal.ts';
import { lockRun } from '#db/runtime/runs.ts';
import { openWorkerRequest } from '#db/runtime/worker-requests.ts';
import { lockWorker, type WorkerRow } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { OpenTurn, RunActivities } from '#workflows/run/ports.ts';
import { advance, type RunState } from '#workflows/run/state.ts';
import { derivedId } from '../shared/derived-id.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { recorded, withCommandReceipt } from './events.ts';

/** A worker that does not stop by then has lost the run anyway. */
const INTERRUPT_DEADLINE_MS = 60_000;

export function createRecordCancelRequested({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordCancelRequested'] {
  return async function recordCancelRequested(input) {
    const { run_id, reason, requested_by, command, open_turn } = input;
    return transaction(sql, async (tx) => {
      const worker = open_turn && (await lockWorker(tx, open_turn.worker_id));
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const isNew = run.status !== 'canceling';
      // Throws where the run has ended: the matrix decides here as it does in the workflow.
      advance({ status: run.status, phase: run.phase || null } as RunState, {
        kind: 'request_cancel',
      });
      const step = await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: isNew
          ? [
              {
                event_type: 'run.cancel_requested',
                idempotency_key: 'run:cancel_requested',
                payload: { reason, requested_by },
              },
            ]
          : [],
        ...(isNew && { patch: { status: 'canceling' as const } }),
      });
      const positions =
        worker && open_turn
          ? await openInterrupt(tx, journal, worker, open_turn, { run_id, reason })
          : [];
      const result = recorded(step);
      result.positions.push(...positions);
      return withCommandReceipt(tx, command, result, !isNew);
    });
  };
}

/** Asks the worker, whose row is locked, to stop a turn; asking twice is one request. */
export async function openInterrupt(
  tx: Tx,
  journal: Pick<Journal, 'publishIn'>,
  worker: WorkerRow,
  turn: OpenTurn,
  run: { run_id: string; reason: string },
): Promise<{ topic: string; seq: string }[]> {
  const { positions } = await openWorkerRequest(tx, journal, worker, {
    request_id: derivedId('req', run.run_id, 'interrupt', turn.request_id),
    method: 'turn/interrupt',
    run_id: run.run_id,
    params: { request_id: turn.request_id, turn: turn.turn, reason: run.reason },
    deadline_at: await databaseTime(tx, INTERRUPT_DEADLINE_MS),
  });
  return positions;
}
