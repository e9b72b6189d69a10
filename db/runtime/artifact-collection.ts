/** What the artifact collector asks of the tables. A shelf is the two hex digits that a hash begins with. */
import type { Sql } from '../connect.ts';
import { type Queryable, transaction } from '../transaction.ts';

/** One transaction locks no more rows than this. */
const ROWS_MAX = 1_000;

/** Those of the hashes (64 hex digits) that have a row, so that some run grants them or did within the grace period. */
export async function knownArtifacts(
  sql: Queryable,
  hexes: readonly string[],
): Promise<Set<string>> {
  const rows = await sql<{ hex: string }[]>`
    select h.hex from unnest(${[...hexes]}::text[]) h (hex)
    join runtime.artifacts a on a.sha256 = decode(h.hex, 'hex')`;
  return new Set(rows.map((row) => row.hex));
}

/**
 * Deletes rows of a shelf that no run grants and that are older than `before`.
 *
 * A row is locked first and looked at again: its lock keeps grants away, and whoever holds one is left alone.
 */
export async function deleteUngrantedArtifacts(
  sql: Sql,
  { shelf, before }: { shelf: string; before: Date },
): Promise<number> {
  const [from, to] = shelfRange(shelf);
  return transaction(sql, async (tx) => {
    const locked = await tx<{ hex: string }[]>`
      select encode(sha256, 'hex') as hex from runtime.artifacts a
      where sha256 between ${from} and ${to} and created_at < ${before}
        and not exists (select from runtime.artifact_grants g where g.sha256 = a.sha256)
      limit ${ROWS_MAX} for update skip locked`;
    if (locked.length === 0) return 0;
    const { count } = await tx`
      delete from runtime.artifacts a
      where a.sha256 = any (select decode(hex, 'hex') from unnest(${locked.map((row) => row.hex)}::text[]) hex)
        and not exists (select from runtime.artifact_grants g where g.sha256 = a.sha256)`;
    return count;
  });
}

/** Takes from runs that ended before `endedBefore` what they granted on a shelf; their logs and receipts stay. */
export async function releaseGrants(
  sql: Queryable,
  { shelf, endedBefore }: { shelf: string; endedBefore: Date },
): Promise<number> {
  const [from, to] = shelfRange(shelf);
  const { count } = await sql`
    delete from runtime.artifact_grants where (run_id, sha256, kind) in (
      select g.run_id, g.sha256, g.kind from runtime.artifact_grants g join runtime.runs r using (run_id)
      where g.sha256 between ${from} and ${to} and r.terminal_at < ${endedBefore}
      limit ${ROWS_MAX} for update of g skip locked)`;
  return count;
}

function shelfRange(shelf: string): [from: Buffer, to: Buffer] {
  const from = Buffer.from(shelf, 'hex');
  return [from, Buffer.concat([from, Buffer.alloc(32, 0xff)])];
}
