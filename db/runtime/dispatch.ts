/**
 * Which worker may take a run's turn.
 *
 * 1. Only a worker of the run's owner, or one shared with the run's organisation.
 * 2. Only a live one: its status takes work and its lease has not expired.
 * 3. Only one that the spec's choice fits: its id, its adapter, its labels.
 * 4. Only one that says it can drive the agent. A worker that says nothing of its drivers is believed to have them all,
 *    and refuses by itself what it has not.
 */
import type { JsonObject } from '#proto/canonical.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';
import type { WorkerRow } from './workers.ts';

/** Of run `r` and worker `w`. */
function fits(sql: Sql | Tx) {
  return sql`
    w.status in ('starting', 'running') and w.lease_expires_at > clock_timestamp()
    and (w.user_id = r.user_id or w.guest_scope = r.guest_scope
      or (w.org_id = r.org_id and w.shared_with_org))
    and coalesce(r.spec #>> '{worker,worker_id}', '') in ('', w.worker_id)
    and coalesce(r.spec #>> '{worker,selector,adapter}', '') in ('', w.adapter)
    and w.labels @> coalesce(r.spec #> '{worker,selector,labels}', '{}')
    and coalesce(w.metadata -> 'drivers' @> (r.spec #> '{agent,driver}'), true)`;
}

/** The worker that keeps the agent's thread, else the least busy one that fits, its row locked; undefined where there is none now. */
export async function chooseWorker(tx: Tx, runId: string): Promise<WorkerRow | undefined> {
  const [row] = await tx<WorkerRow[]>`
    select w.* from runtime.workers w join runtime.runs r on r.run_id = ${runId}
    left join runtime.threads t on t.thread_id = r.thread_id
    where ${fits(tx)}
    order by w.worker_id = t.agent_worker_id desc nulls last, (
      select count(*) from runtime.worker_requests q
      where q.worker_id = w.worker_id and q.state = 'pending' and q.method = 'turn/start'
    ), w.last_heartbeat_at desc nulls last
    limit 1 for update of w`;
  return row;
}

/** Live runs that wait for a worker while one fits. */
export async function listDispatchable(
  sql: Sql,
  limit: number,
): Promise<{ run_id: string; worker_id: string }[]> {
  return await sql<{ run_id: string; worker_id: string }[]>`
    select r.run_id, f.worker_id from runtime.runs r
    cross join lateral (
      select w.worker_id from runtime.workers w where ${fits(sql)} limit 1
    ) f
    where r.status in ('created', 'running') and r.phase = 'dispatching'
    order by r.created_at limit ${limit}`;
}

/** The spec's choice in words, for the log and the operator's screen. */
export function describeChoice(spec: RunSpec): string {
  const worker = spec.worker;
  const driver = spec.agent?.driver === 'codex' ? 'the driver codex' : '';
  if (worker?.worker_id) {
    return `worker ${worker.worker_id} to be running with a live lease${driver && ` and ${driver}`}`;
  }
  const labels = Object.entries(worker?.selector?.labels ?? {}).map(
    ([key, value]) => `${key}=${value}`,
  );
  const wanted = [
    ...(driver ? [driver] : []),
    ...(worker?.selector?.adapter ? [`adapter ${worker.selector.adapter}`] : []),
    ...(labels.length > 0 ? [`labels ${labels.join(', ')}`] : []),
  ];
  return `a running worker of the owner${wanted.length > 0 ? ` with ${wanted.join(' and ')}` : ''}`;
}

/** A request of a run by its id, whoever holds it. */
export async function findRunRequest(
  tx: Tx,
  key: { run_id: string; request_id: string },
): Promise<{ worker_id: string; lease_epoch: bigint } | undefined> {
  const [row] = await tx<{ worker_id: string; lease_epoch: bigint }[]>`
    select q.worker_id, w.lease_epoch from runtime.worker_requests q
    join runtime.workers w using (worker_id)
    where q.run_id = ${key.run_id} and q.request_id = ${key.request_id}`;
  return row;
}

export interface TurnAtWorker {
  worker_id: string;
  turn: number;
  state: string;
  /** Whose machine works on it. */
  user_id: string | null;
}

/** A `turn/start` of a run, whoever holds it. */
export async function findOpenTurn(
  sql: Sql | Tx,
  key: { run_id: string; request_id: string },
): Promise<TurnAtWorker | undefined> {
  const [row] = await sql<TurnAtWorker[]>`
    select q.worker_id, coalesce((q.params ->> 'turn')::int4, 0) as turn, q.state, w.user_id
    from runtime.worker_requests q join runtime.workers w using (worker_id)
    where q.run_id = ${key.run_id} and q.request_id = ${key.request_id} and q.method = 'turn/start'`;
  return row;
}

/** The last turn that a run's workers were asked to take. */
export async function findTurnRequest(tx: Tx, runId: string): Promise<TurnRequest | undefined> {
  const [row] = await tx<TurnRequest[]>`
    select q.worker_id, q.request_id, q.params, w.lease_epoch, (q.params ->> 'turn')::int4 as turn
    from runtime.worker_requests q join runtime.workers w using (worker_id)
    where q.run_id = ${runId} and q.method = 'turn/start'
    order by q.created_at desc, q.seq desc limit 1`;
  return row;
}

export interface TurnRequest {
  turn: number;
  worker_id: string;
  request_id: string;
  params: JsonObject;
  lease_epoch: bigint;
}

/** What was said into a turn, in order. */
export async function listSteers(
  tx: Tx,
  runId: string,
  requestId: string,
): Promise<{ message_id: string; steer_request_id: string; worker_id: string }[]> {
  return await tx<{ message_id: string; steer_request_id: string; worker_id: string }[]>`
    select params ->> 'message_id' as message_id, request_id as steer_request_id, worker_id
    from runtime.worker_requests
    where run_id = ${runId} and method = 'turn/steer' and params ->> 'request_id' = ${requestId}
    order by created_at, seq`;
}

/** The receipt of a request as it stands on the worker's topic. */
export async function findReceiptEvent(
  sql: Sql | Tx,
  key: { worker_id: string; request_id: string },
): Promise<JsonObject | undefined> {
  const [row] = await sql<{ payload: Buffer }[]>`
    select payload from runtime.worker_events
    where worker_id = ${key.worker_id} and idempotency_key = ${`receipt:${key.request_id}`}`;
  return row && (JSON.parse(row.payload.toString('utf8')) as JsonObject);
}
