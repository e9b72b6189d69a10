/** Runs that have not ended, for whoever looks whether their Temporal histories have. */
import type { Sql } from '../connect.ts';

/** Some open runs in order of their ids, after `afterRunId`; a walk that begins again at the end sees them all. */
export async function listOpenRuns(
  sql: Sql,
  page: { afterRunId: string; limit: number },
): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from runtime.runs
    where status in ('created', 'running', 'canceling') and run_id > ${page.afterRunId}
    order by run_id limit ${page.limit}`;
  return rows.map(({ run_id }) => run_id);
}

/** Notes that an open run could not be reached; false for a run that has ended, which needs nobody. */
export async function noteUnreachedRun(sql: Sql, runId: string): Promise<boolean> {
  const rows = await sql`
    insert into runtime.unreached_runs (run_id)
    select run_id from runtime.runs where run_id = ${runId} and status in ('created', 'running', 'canceling')
    on conflict (run_id) do update set noted_at = unreached_runs.noted_at
    returning 1`;
  return rows.length > 0;
}

/** Takes the runs that were noted, the longest noted first. */
export async function takeUnreachedRuns(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    delete from runtime.unreached_runs where run_id in (
      select run_id from runtime.unreached_runs order by noted_at limit ${limit} for update skip locked)
    returning run_id`;
  return rows.map(({ run_id }) => run_id);
}
