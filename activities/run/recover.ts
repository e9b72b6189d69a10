import { findReceiptEvent } from '#db/runtime/dispatch.ts';
import { hasEvent } from '#db/runtime/run-steps.ts';
import { lockRun } from '#db/runtime/runs.ts';
import { closeWorkerRequest } from '#db/runtime/worker-requests.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { transaction } from '#db/transaction.ts';
import { parseId } from '#proto/ids.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { receiptOf } from './dispatch.ts';
import { interrupted, phaseChanged, turnFinished } from './events.ts';

/** The code under which the platform ends the request of a worker that fell silent. */
export const EXECUTOR_LOST = 'executor_lost';

export function createRecordExecutorLost({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordExecutorLost'] {
  return async function recordExecutorLost(input) {
    const { run_id, open_turn, recovery, reason } = input;
    const { worker_id, request_id, turn } = open_turn;
    const key = `executor_lost:${recovery}`;
    return transaction(sql, async (tx) => {
      const worker = await lockWorker(tx, worker_id);
      const run = await lockRun(tx, run_id);
      if (!worker || !run) throw new Error(`run ${run_id} or worker ${worker_id} has no row`);
      // The event says how far the log had come, which a second run of this step would see further on.
      if (await hasEvent(tx, run_id, key)) return { kind: 'lost' };
      if (!input.turn_end) {
        const answer = await findReceiptEvent(tx, open_turn);
        if (answer) return { kind: 'answered', receipt: receiptOf(open_turn, answer) };
      }
      await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: [
          ...turnFinished(input.turn_end ?? interrupted(open_turn, reason)),
          {
            event_type: 'run.executor_lost',
            idempotency_key: key,
            payload: {
              worker_id,
              observed_progress_seq: String(run.latest_seq),
              reason,
              recovery,
            },
          },
          phaseChanged(
            'dispatching',
            `turn ${turn} needs another executor`,
            `recovery:${recovery}`,
          ),
        ],
        patch: { phase: 'dispatching', worker_id: null, recoveries: recovery },
      });
      if (!input.turn_end) {
        await closeWorkerRequest(tx, journal, worker, parseId('req', request_id), {
          ok: false,
          code: EXECUTOR_LOST,
          message: reason,
          retryable: true,
        });
      }
      return { kind: 'lost' };
    });
  };
}
