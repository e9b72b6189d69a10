/**
 * What a worker is asked and what it answers.
 *
 * 1. `(worker_id, request_id)` is one request; asking again is the same request, never a second side effect.
 * 2. A request ends once: whoever comes second gets the receipt that is stored.
 * 3. Request and receipt are events of the worker's topic, written in the transaction that changes the row.
 */
import type { JsonObject } from '#proto/canonical.ts';
import type { TopicPosition, WorkerRequest } from '#proto/gen/types.ts';
import { formatTime } from '#proto/time.ts';
import type { Queryable, Tx } from '../transaction.ts';
import type { Journal } from './journal.ts';
import { storedJson } from './stored-json.ts';
import { appendWorkerEvent } from './worker-events.ts';
import { lockWorker, type WorkerRow } from './workers.ts';

export type RequestState = 'pending' | 'succeeded' | 'failed' | 'timeout';

export interface WorkerRequestRow {
  worker_id: string;
  request_id: string;
  method: string;
  params: JsonObject;
  run_id: string | null;
  thread_id: string | null;
  state: RequestState;
  response: JsonObject | null;
  error_code: string | null;
  error_message: string | null;
  seq: bigint;
  fingerprint: string | null;
  created_at: Date;
  deadline_at: Date;
  finished_at: Date | null;
}

export interface WorkerRequestDraft {
  request_id: string;
  method: string;
  params: JsonObject;
  run_id?: string | undefined;
  thread_id?: string | undefined;
  /** Only for `turn/start`. */
  turn?: number | undefined;
  deadline_at: Date;
  /** Of the caller's body, where a caller chose the id. */
  fingerprint?: string | undefined;
}

export interface OpenedRequest {
  request: WorkerRequestRow;
  positions: TopicPosition[];
  /** The request was known; nothing was written, and its fingerprint is the caller's to compare. */
  replayed: boolean;
}

type Publisher = Pick<Journal, 'publishIn'>;

/** Puts a request to a worker whose row is locked: the row, and `worker.request` on its topic. */
export async function openWorkerRequest(
  tx: Tx,
  journal: Publisher,
  worker: WorkerRow,
  draft: WorkerRequestDraft,
): Promise<OpenedRequest> {
  const known = await findWorkerRequest(tx, worker.worker_id, draft.request_id);
  if (known) return { request: known, positions: [], replayed: true };
  const { request_id, method, params, run_id, thread_id, turn, deadline_at } = draft;
  const event = await appendWorkerEvent(tx, journal, worker, {
    event_type: 'worker.request',
    idempotency_key: `request:${request_id}`,
    payload: {
      request_id,
      method,
      run_id: run_id ?? '',
      thread_id: thread_id ?? '',
      ...(turn !== undefined && { turn }),
      params,
      deadline_at_ms: deadline_at.getTime(),
    },
  });
  const [request] = await tx<WorkerRequestRow[]>`
    insert into runtime.worker_requests (worker_id, request_id, method, params, run_id, thread_id, seq,
      fingerprint, deadline_at)
    values (${worker.worker_id}, ${request_id}, ${method}, ${storedJson(tx, params)}, ${run_id || null},
      ${thread_id || null}, ${event.seq}, ${draft.fingerprint ?? null}, ${deadline_at})
    returning *`;
  if (!request) throw new Error('an insert returned no row');
  return { request, positions: event.positions, replayed: false };
}

export type RequestEnd =
  | { ok: true; response: JsonObject }
  | { ok: false; code: string; message: string; retryable?: boolean };

export interface ClosedRequest {
  request: WorkerRequestRow;
  /** Of the receipt on the worker's topic. */
  seq: bigint;
  positions: TopicPosition[];
  /** It had ended before; `request` is how. */
  replayed: boolean;
}

/** Ends a request of a worker whose row is locked; undefined where there is no such request. */
export async function closeWorkerRequest(
  tx: Tx,
  journal: Publisher,
  worker: WorkerRow,
  requestId: string,
  end: RequestEnd,
): Promise<ClosedRequest | undefined> {
  const open = await findWorkerRequest(tx, worker.worker_id, requestId);
  if (!open) return undefined;
  if (open.state !== 'pending') {
    return { request: open, seq: await receiptSeq(tx, open), positions: [], replayed: true };
  }
  const event = await appendWorkerEvent(tx, journal, worker, {
    event_type: end.ok ? 'worker.response' : 'worker.error',
    idempotency_key: receiptKey(requestId),
    payload: {
      request_id: requestId,
      method: open.method,
      ok: end.ok,
      ...(end.ok
        ? { response: end.response }
        : { code: end.code, message: end.message, retryable: end.retryable ?? false }),
    },
  });
  const state: RequestState = end.ok ? 'succeeded' : end.code === 'timeout' ? 'timeout' : 'failed';
  const [request] = await tx<WorkerRequestRow[]>`
    update runtime.worker_requests set state = ${state}, finished_at = clock_timestamp(),
      response = ${end.ok ? storedJson(tx, end.response) : null},
      error_code = ${end.ok ? null : end.code}, error_message = ${end.ok ? null : end.message}
    where worker_id = ${worker.worker_id} and request_id = ${requestId} returning *`;
  if (!request) throw new Error('an update returned no row');
  return { request, seq: event.seq, positions: event.positions, replayed: false };
}

/** {@link closeWorkerRequest} that takes the lock itself. */
export async function endWorkerRequest(
  tx: Tx,
  journal: Publisher,
  key: { worker_id: string; request_id: string },
  end: RequestEnd,
): Promise<ClosedRequest | undefined> {
  const worker = await lockWorker(tx, key.worker_id);
  return worker && (await closeWorkerRequest(tx, journal, worker, key.request_id, end));
}

export async function findWorkerRequest(
  sql: Queryable,
  workerId: string,
  requestId: string,
): Promise<WorkerRequestRow | undefined> {
  const [row] = await sql<WorkerRequestRow[]>`
    select * from runtime.worker_requests where worker_id = ${workerId} and request_id = ${requestId}`;
  return row;
}

/** Requests of a worker, oldest first; a worker has few open ones, so the page is the whole truth or its beginning. */
export async function listWorkerRequests(
  sql: Queryable,
  filter: { worker_id: string; state?: string | undefined; limit: number },
): Promise<WorkerRequestRow[]> {
  return await sql<WorkerRequestRow[]>`
    select * from runtime.worker_requests
    where worker_id = ${filter.worker_id}
      and (${filter.state ?? null}::text is null or state = ${filter.state ?? null})
    order by seq limit ${filter.limit}`;
}

/** How many requests a worker was sent since `since`. */
export async function countWorkerRequests(tx: Tx, workerId: string, since: Date): Promise<number> {
  const [row] = await tx<{ count: number }[]>`
    select count(*)::int4 as count from runtime.worker_requests
    where worker_id = ${workerId} and created_at > ${since}`;
  return row?.count ?? 0;
}

export function workerRequestMessage(row: WorkerRequestRow): WorkerRequest {
  return {
    worker_id: row.worker_id,
    request_id: row.request_id,
    method: row.method,
    params: row.params,
    run_id: row.run_id ?? '',
    thread_id: row.thread_id ?? '',
    state: row.state,
    ...(row.response && { response: row.response }),
    error_code: row.error_code ?? '',
    error_message: row.error_message ?? '',
    seq: String(row.seq),
    created_at: formatTime(row.created_at.getTime()),
    deadline_at: formatTime(row.deadline_at.getTime()),
    ...(row.finished_at && { finished_at: formatTime(row.finished_at.getTime()) }),
  };
}

function receiptKey(requestId: string): string {
  return `receipt:${requestId}`;
}

async function receiptSeq(tx: Tx, request: WorkerRequestRow): Promise<bigint> {
  const [row] = await tx<{ seq: bigint }[]>`
    select seq from runtime.worker_events
    where worker_id = ${request.worker_id} and idempotency_key = ${receiptKey(request.request_id)}`;
  return row?.seq ?? request.seq;
}
