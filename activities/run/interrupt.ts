import { lockRun } from '#db/runtime/runs.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { transaction } from '#db/transaction.ts';
import { parseId } from '#proto/ids.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import { openInterrupt } from './cancel.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { phaseChanged, recorded, turnFinished, withCommandReceipt } from './events.ts';

export function createRecordInterruptRequested({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordInterruptRequested'] {
  return async function recordInterruptRequested(input) {
    const { run_id, open_turn, reason, requested_by, command } = input;
    const { turn, worker_id, request_id } = open_turn;
    return transaction(sql, async (tx) => {
      const worker = await lockWorker(tx, worker_id);
      const run = await lockRun(tx, run_id);
      if (!worker || !run) throw new Error(`run ${run_id} or worker ${worker_id} has no row`);
      const step = await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: [
          {
            event_type: 'turn.interrupt_requested',
            idempotency_key: `turn:interrupt:${request_id}`,
            payload: { turn, reason, requested_by },
          },
        ],
      });
      const asked = { run_id, reason };
      const positions = await openInterrupt(tx, journal, worker, open_turn, asked);
      const result = recorded(step);
      result.positions.push(...positions);
      return withCommandReceipt(tx, command, result, step.events[0]?.replayed === true);
    });
  };
}

export function createRecordAwaitingMessage({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordAwaitingMessage'] {
  return async function recordAwaitingMessage({ run_id, turn_end }) {
    const detail = `turn ${turn_end.turn} was interrupted`;
    await transaction(sql, (tx) =>
      journal.appendIn(tx, {
        run_id: parseId('run', run_id),
        origin: 'platform',
        events: [
          ...turnFinished(turn_end),
          phaseChanged('awaiting_message', detail, `awaiting_message:${turn_end.turn}`),
        ],
        patch: { phase: 'awaiting_message' },
      }),
    );
  };
}
