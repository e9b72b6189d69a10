import type { Queryable } from '../transaction.ts';

/** A week of appends goes on where nobody calls this; beyond it rows wait in the default partitions. */
export const PARTITION_DAYS_AHEAD = 7;

/** Creates the missing day partitions of the journal. Idempotent; returns how many were missing. */
export async function ensureSyncPartitions(sql: Queryable): Promise<number> {
  const [row] = await sql<{ created: number }[]>`
    select runtime.ensure_sync_partitions(${PARTITION_DAYS_AHEAD}) as created`;
  return row?.created ?? 0;
}
