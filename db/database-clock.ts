import type { Queryable } from './transaction.ts';

/**
 * The one clock that leases and deadlines are measured by: processes differ, and the clock of one of them may go back an
 * hour. Read anew at each call, also within a transaction.
 */
export async function databaseTime(sql: Queryable, afterMs = 0): Promise<Date> {
  const [row] = await sql<{ at: Date }[]>`
    select clock_timestamp() + ${`${afterMs} ms`}::interval as at`;
  if (!row) throw new Error('the database did not tell the time');
  return row.at;
}
