import type { JsonObject } from '#proto/canonical.ts';
import type { Worker } from '#proto/gen/types.ts';
import type { WorkerId } from '#proto/ids.ts';
import { formatTime } from '#proto/time.ts';
import { heartbeatState, type WorkerStatus } from '#workflows/worker/state.ts';
import type { Queryable, Tx } from '../transaction.ts';
import { storedJson } from './stored-json.ts';

export interface WorkerRow {
  worker_id: WorkerId;
  user_id: string | null;
  guest_scope: string | null;
  org_id: string | null;
  shared_with_org: boolean;
  status: WorkerStatus;
  workspace_ref: string;
  codex_home_ref: string;
  adapter: string;
  labels: Record<string, string>;
  metadata: JsonObject;
  latest_seq: bigint;
  lease_epoch: bigint;
  lease_expires_at: Date | null;
  last_heartbeat_at: Date | null;
  started_at: Date;
  stopped_at: Date | null;
  updated_at: Date;
}

/** What its host says about a worker when it registers. */
export interface WorkerDescription {
  workspace_ref: string;
  codex_home_ref: string;
  adapter: string;
  labels: Record<string, string>;
  metadata: JsonObject;
  shared_with_org: boolean;
}

export type NewWorker = WorkerDescription & {
  worker_id: WorkerId;
  user_id: string;
  org_id: string | null;
  lease_ms: number;
};

/** Inserts a worker that starts with its first lease; undefined where the id is taken. */
export async function insertWorker(tx: Tx, worker: NewWorker): Promise<WorkerRow | undefined> {
  const [row] = await tx<WorkerRow[]>`
    insert into runtime.workers (worker_id, user_id, org_id, shared_with_org, status, workspace_ref,
      codex_home_ref, adapter, labels, metadata, lease_epoch, lease_expires_at, last_heartbeat_at)
    values (${worker.worker_id}, ${worker.user_id}, ${worker.org_id}, ${worker.shared_with_org}, 'running',
      ${worker.workspace_ref}, ${worker.codex_home_ref}, ${worker.adapter}, ${storedJson(tx, worker.labels)},
      ${storedJson(tx, worker.metadata)}, 1, clock_timestamp() + ${`${worker.lease_ms} ms`}::interval, clock_timestamp())
    on conflict (worker_id) do nothing
    returning *`;
  return row;
}

/** A host comes back for its worker: a new lease epoch makes the old host's renewals void. */
export async function reattachWorker(
  tx: Tx,
  worker_id: string,
  description: WorkerDescription & { lease_ms: number },
): Promise<WorkerRow | undefined> {
  const [row] = await tx<WorkerRow[]>`
    update runtime.workers set status = 'running', workspace_ref = ${description.workspace_ref},
      codex_home_ref = ${description.codex_home_ref}, adapter = ${description.adapter},
      labels = ${storedJson(tx, description.labels)},
      metadata = metadata || ${storedJson(tx, description.metadata)},
      shared_with_org = ${description.shared_with_org}, lease_epoch = lease_epoch + 1,
      lease_expires_at = clock_timestamp() + ${`${description.lease_ms} ms`}::interval,
      last_heartbeat_at = clock_timestamp(), started_at = clock_timestamp(), stopped_at = null,
      updated_at = clock_timestamp()
    where worker_id = ${worker_id}
    returning *`;
  return row;
}

export async function findWorker(sql: Queryable, workerId: string): Promise<WorkerRow | undefined> {
  const [row] = await sql<WorkerRow[]>`select * from runtime.workers where worker_id = ${workerId}`;
  return row;
}

/** The worker with its row locked: whoever writes its events or requests does it in this order. */
export async function lockWorker(tx: Tx, workerId: string): Promise<WorkerRow | undefined> {
  const [row] = await tx<WorkerRow[]>`
    select * from runtime.workers where worker_id = ${workerId} for update`;
  return row;
}

export interface WorkerFilter {
  user_id: string;
  /** Also the workers that are shared with this organisation. */
  org_id: string | null;
  status?: string | undefined;
  workspace_ref?: string | undefined;
  adapter?: string | undefined;
  /** Ids after this one. */
  after?: string | undefined;
  limit: number;
}

export async function listWorkers(sql: Queryable, filter: WorkerFilter): Promise<WorkerRow[]> {
  return await sql<WorkerRow[]>`
    select * from runtime.workers
    where (user_id = ${filter.user_id} or (org_id = ${filter.org_id} and shared_with_org))
      and (${filter.status ?? null}::text is null or status = ${filter.status ?? null})
      and (${filter.workspace_ref ?? null}::text is null or workspace_ref = ${filter.workspace_ref ?? null})
      and (${filter.adapter ?? null}::text is null or adapter = ${filter.adapter ?? null})
      and worker_id > ${filter.after ?? ''}
    order by worker_id limit ${filter.limit}`;
}

/** Renews a lease that is still the caller's; undefined where another host has reattached since, or it stopped. */
export async function renewLease(
  sql: Queryable,
  renewal: {
    worker_id: string;
    lease_epoch: bigint;
    lease_ms: number;
    metadata_patch: JsonObject;
  },
): Promise<WorkerRow | undefined> {
  const [row] = await sql<WorkerRow[]>`
    update runtime.workers set lease_expires_at = clock_timestamp() + ${`${renewal.lease_ms} ms`}::interval,
      last_heartbeat_at = clock_timestamp(), metadata = metadata || ${storedJson(sql, renewal.metadata_patch)}
    where worker_id = ${renewal.worker_id} and lease_epoch = ${renewal.lease_epoch}
      and status in ('starting', 'running', 'stopping')
    returning *`;
  return row;
}

/** Sets a status that the caller has checked with `nextWorkerStatus` under the row's lock. */
export async function setWorkerStatus(
  tx: Tx,
  workerId: string,
  status: WorkerStatus,
): Promise<WorkerRow> {
  const ended = status === 'stopped' || status === 'failed';
  const [row] = await tx<WorkerRow[]>`
    update runtime.workers set status = ${status},
      stopped_at = case when ${ended} then clock_timestamp() else null end,
      lease_expires_at = case when ${ended} then null else lease_expires_at end,
      updated_at = clock_timestamp()
    where worker_id = ${workerId} returning *`;
  if (!row) throw new Error(`worker ${workerId} is not there, though its row was locked`);
  return row;
}

/** The wire form. A heartbeat older than the lease is `stale`, whatever the status says. */
export function workerMessage(row: WorkerRow, nowMs: number): Worker {
  return {
    worker_id: row.worker_id,
    status: row.status,
    latest_seq: String(row.latest_seq),
    workspace_ref: row.workspace_ref,
    codex_home_ref: row.codex_home_ref,
    adapter: row.adapter,
    user_id: row.user_id ?? '',
    guest_scope: row.guest_scope ?? '',
    org_id: row.org_id ?? '',
    shared_with_org: row.shared_with_org,
    labels: row.labels,
    metadata: row.metadata,
    heartbeat_state: heartbeatState(
      { status: row.status, leaseExpiresAtMs: row.lease_expires_at?.getTime() ?? null },
      nowMs,
    ),
    lease_epoch: String(row.lease_epoch),
    ...time('lease_expires_at', row.lease_expires_at),
    ...time('started_at', row.started_at),
    ...time('stopped_at', row.stopped_at),
    ...time('last_heartbeat_at', row.last_heartbeat_at),
    ...time('updated_at', row.updated_at),
  };
}

function time<N extends string>(name: N, at: Date | null): { [K in N]?: string } {
  return at ? ({ [name]: formatTime(at.getTime()) } as { [K in N]: string }) : {};
}
