import type { Sql } from '../connect.ts';

/** Some runs whose log is closed and whose replay file was not written, in order of their ids, after `afterRunId`. */
export async function listRunsWithoutFiles(
  sql: Sql,
  page: { endedBefore: Date; afterRunId: string; limit: number },
): Promise<string[]> {
  const rows = await sql<{ run_id: string }[]>`
    select run_id from runtime.runs
    where trajectory_hash is not null and replay is null
      and terminal_at < ${page.endedBefore} and run_id > ${page.afterRunId}
    order by run_id limit ${page.limit}`;
  return rows.map(({ run_id }) => run_id);
}
