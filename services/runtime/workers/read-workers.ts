import { topicCursor } from '#db/runtime/topic-cursor.ts';
import { listWorkerEvents, workerEventMessage } from '#db/runtime/worker-events.ts';
import { listWorkerRequests, workerRequestMessage } from '#db/runtime/worker-requests.ts';
import { findWorker, listWorkers, type WorkerRow, workerMessage } from '#db/runtime/workers.ts';
import { type Queryable, readMoment } from '#db/transaction.ts';
import { topics } from '#proto/topics.ts';
import { type Caller, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { visibleWorker, workerIdOf } from './worker-access.ts';

export async function readableWorker(
  sql: Queryable,
  caller: Caller,
  params: Readonly<Record<string, string>>,
): Promise<WorkerRow> {
  return visibleWorker(await findWorker(sql, workerIdOf(params)), requirePerson(caller));
}

export function getWorker(deps: RuntimeDeps): RuntimeHandler<'runtime.worker.get'> {
  return async function getWorker({ params, caller }) {
    const worker = await readableWorker(deps.sql, caller, params);
    return { data: { worker: workerMessage(worker, deps.now()) } };
  };
}

export function listVisibleWorkers(deps: RuntimeDeps): RuntimeHandler<'runtime.worker.list'> {
  return async function listVisibleWorkers({ query, caller }) {
    const { user_id, org_id } = requirePerson(caller);
    const limit = query.count('limit');
    const rows = await listWorkers(deps.sql, {
      user_id,
      org_id: org_id || null,
      status: query.text('status'),
      workspace_ref: query.text('workspace_ref'),
      adapter: query.text('adapter'),
      after: query.text('cursor'),
      limit: limit + 1,
    });
    const workers = rows.slice(0, limit).map((row) => workerMessage(row, deps.now()));
    const next_cursor = rows.length > limit ? (workers.at(-1)?.worker_id ?? '') : '';
    return { data: { workers, next_cursor } };
  };
}

export function listEventsOfWorker(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.worker.events.list'> {
  return async function listEventsOfWorker({ params, query, caller }) {
    const { worker_id } = await readableWorker(deps.sql, caller, params);
    const after = query.position('after_seq') ?? 0n;
    const limit = query.count('limit');
    const { epoch, head_seq } = await topicCursor(deps.sql, topics.workerEvents(worker_id));
    const rows = await listWorkerEvents(deps.sql, { worker_id, after, limit });
    return {
      data: {
        events: rows.map((row) => workerEventMessage(worker_id, row)),
        epoch,
        head_seq: String(head_seq),
        as_of_seq: String(rows.at(-1)?.seq ?? after),
      },
    };
  };
}

/** The bootstrap read of a host: its open requests, and from where its topic continues, as of one moment. */
export function listRequestsOfWorker(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.worker.request.list'> {
  return async function listRequestsOfWorker({ params, query, caller }) {
    const { worker_id } = await readableWorker(deps.sql, caller, params);
    const snapshot = await readMoment(deps.sql, async (tx) => ({
      cursor: await topicCursor(tx, topics.workerEvents(worker_id)),
      requests: await listWorkerRequests(tx, {
        worker_id,
        state: query.text('state'),
        limit: query.count('limit'),
      }),
    }));
    return {
      data: {
        requests: snapshot.requests.map(workerRequestMessage),
        epoch: snapshot.cursor.epoch,
        as_of_seq: String(snapshot.cursor.head_seq),
      },
    };
  };
}

export function getWorkerCheckpoint(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.worker.checkpoint'> {
  return async function getWorkerCheckpoint({ params, caller }) {
    const { worker_id } = await readableWorker(deps.sql, caller, params);
    const topic = topics.workerEvents(worker_id);
    const { epoch, head_seq, floor_seq } = await topicCursor(deps.sql, topic);
    return {
      data: { worker_id, topic, epoch, head_seq: String(head_seq), floor_seq: String(floor_seq) },
    };
  };
}
