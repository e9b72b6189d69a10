/** What people say to a run, in its log and at its worker. Texts are read from their rows; no history holds them. */
import { databaseTime } from '#db/database-clock.ts';
import { lockRun } from '#db/runtime/runs.ts';
import { readMessageTexts } from '#db/runtime/threads.ts';
import {
  closeWorkerRequest,
  findWorkerRequest,
  openWorkerRequest,
} from '#db/runtime/worker-requests.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import { derivedId } from '../shared/derived-id.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { messageDelivered, recorded, withCommandReceipt } from './events.ts';

/** A host takes words at once or not at all; at the end of its turn the platform asks again what became of them. */
const STEER_DEADLINE_MS = 300_000;

export function createRecordMessage({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordMessage'] {
  return async function recordMessage(input) {
    const { run_id, message_id, posted_by, open_turn, command } = input;
    const steer_request_id = derivedId('req', run_id, 'steer', message_id);
    return transaction(sql, async (tx) => {
      const worker = open_turn && (await lockWorker(tx, open_turn.worker_id));
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const [message] = await readMessageTexts(tx, [message_id]);
      const steers = worker && open_turn && message;
      const step = await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: [
          steers
            ? messageDelivered({ message_id, mode: 'steer', turn: open_turn.turn }, 'steer')
            : messageQueued({ message_id, posted_by, reason: '' }, 'posted'),
        ],
      });
      const isRepeated = step.events[0]?.replayed === true;
      if (steers) {
        await openWorkerRequest(tx, journal, worker, {
          request_id: steer_request_id,
          method: 'turn/steer',
          run_id,
          thread_id: run.thread_id,
          params: { request_id: open_turn.request_id, turn: open_turn.turn, ...message },
          deadline_at: await databaseTime(tx, STEER_DEADLINE_MS),
        });
      }
      const result = await withCommandReceipt(tx, command, recorded(step), isRepeated);
      return { ...result, steer_request_id };
    });
  };
}

export function createSettleSteers({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['settleSteers'] {
  return async function settleSteers({ run_id, turn, steers, reason }) {
    return transaction(sql, async (tx) => {
      const untaken: string[] = [];
      for (const steer of steers) {
        if (!(await wasTaken(tx, journal, steer, reason))) untaken.push(steer.message_id);
      }
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      if (untaken.length > 0) {
        await journal.appendIn(tx, {
          run_id: run.run_id,
          origin: 'platform',
          events: untaken.map((message_id) =>
            messageQueued({ message_id, posted_by: '', reason }, `turn:${turn}`),
          ),
        });
      }
      return { untaken };
    });
  };
}

/** Ends a request that is still open, so that a late answer cannot take what the next turn is told. */
async function wasTaken(
  tx: Tx,
  journal: RuntimeActivityDeps['journal'],
  steer: { steer_request_id: string; worker_id: string },
  reason: string,
): Promise<boolean> {
  const { worker_id, steer_request_id } = steer;
  const worker = await lockWorker(tx, worker_id);
  if (!worker) return false;
  const request = await findWorkerRequest(tx, worker_id, steer_request_id);
  if (request?.state !== 'pending') return request?.state === 'succeeded';
  const end = { ok: false as const, code: 'conflict', message: reason };
  await closeWorkerRequest(tx, journal, worker, steer_request_id, end);
  return false;
}

function messageQueued(
  queued: { message_id: string; posted_by: string; reason: string },
  key: string,
) {
  return {
    event_type: 'message.queued',
    idempotency_key: `message:${queued.message_id}:queued:${key}`,
    payload: { ...queued },
  };
}
