/** What time has ended: leases, deadlines. Each list is short, because whoever reads it acts on it. */
import type { Sql } from '../connect.ts';

export interface EndingLease {
  worker_id: string;
  /** Not above 0: it should have been renewed and was not. */
  expires_in_ms: number;
}

/** The leases of live workers that end first. */
export async function listEndingLeases(sql: Sql, limit: number): Promise<EndingLease[]> {
  return await sql<EndingLease[]>`
    select worker_id,
      ceil(extract(epoch from lease_expires_at - clock_timestamp()) * 1000)::float8 as expires_in_ms
    from runtime.workers
    where status in ('starting', 'running', 'stopping') and lease_expires_at is not null
    order by lease_expires_at limit ${limit}`;
}

export interface OverdueRequest {
  worker_id: string;
  request_id: string;
  method: string;
  run_id: string | null;
}

export async function listOverdueRequests(sql: Sql, limit: number): Promise<OverdueRequest[]> {
  return await sql<OverdueRequest[]>`
    select worker_id, request_id, method, run_id from runtime.worker_requests
    where state = 'pending' and deadline_at < clock_timestamp()
    order by deadline_at limit ${limit}`;
}

export interface OrphanedTurn {
  run_id: string;
  worker_id: string;
  lease_epoch: bigint;
  status: string;
}

/** Turns under way at a worker that is not alive: their runs have to be told. */
export async function listOrphanedTurns(sql: Sql, limit: number): Promise<OrphanedTurn[]> {
  return await sql<OrphanedTurn[]>`
    select distinct q.run_id, w.worker_id, w.lease_epoch, w.status
    from runtime.worker_requests q join runtime.workers w using (worker_id)
    where q.state = 'pending' and q.method = 'turn/start' and q.run_id is not null
      and w.status in ('failed', 'stopped')
    limit ${limit}`;
}
