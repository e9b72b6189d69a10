import type { Queryable } from '#db/transaction.ts';

/** Signals after a registration are hints; a run that gets none looks for itself within seconds. */
export const HINTED_RUNS_MAX = 200;

/** Live runs that have no worker and that a worker of this person may take. */
export async function runsWaitingForWorker(
  sql: Queryable,
  person: { user_id: string; org_id: string },
): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from runtime.runs
    where status in ('created', 'running') and phase in ('', 'dispatching')
      and (user_id = ${person.user_id} or org_id = ${person.org_id || null})
    order by created_at limit ${HINTED_RUNS_MAX}`;
  return rows.map(({ run_id }) => run_id);
}

/** Live runs that a worker holds now. */
export async function runsHeldByWorker(sql: Queryable, workerId: string): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from runtime.runs
    where worker_id = ${workerId} and status in ('created', 'running', 'canceling')
    limit ${HINTED_RUNS_MAX}`;
  return rows.map(({ run_id }) => run_id);
}
