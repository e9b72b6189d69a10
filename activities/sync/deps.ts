import type { Sql } from '#db/connect.ts';

/** What keeping the journal works with. */
export interface SyncDeps {
  sql: Sql;
  now(): number;
}
