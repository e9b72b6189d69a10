import type { ArtifactRef } from '#proto/gen/types.ts';
import { type Sha256, sha256FromBytes, sha256ToBytes } from '#proto/sha256.ts';
import type { Queryable } from '../transaction.ts';

/**
 * Grants a run an artifact whose bytes were stored a moment ago; granting again changes nothing. Touching the row waits for
 * a collector that is about to delete it, and then inserts it anew.
 */
export async function grantArtifact(
  sql: Queryable,
  grant: { run_id: string; sha256: Sha256; bytes: number; kind: string },
): Promise<void> {
  const sha256 = sha256ToBytes(grant.sha256);
  await sql`
    with stored as (
      insert into runtime.artifacts (sha256, bytes) values (${sha256}, ${grant.bytes})
      on conflict (sha256) do update set bytes = excluded.bytes
    )
    insert into runtime.artifact_grants (run_id, sha256, kind)
    values (${grant.run_id}, ${sha256}, ${grant.kind}) on conflict do nothing`;
}

/** The artifact, where this run grants it; a hash alone opens nothing. */
export async function findGrantedArtifact(
  sql: Queryable,
  key: { run_id: string; sha256: Sha256 },
): Promise<ArtifactRef | undefined> {
  const [row] = await sql<{ sha256: Buffer; bytes: bigint; kind: string }[]>`
    select a.sha256, a.bytes, g.kind from runtime.artifact_grants g
    join runtime.artifacts a using (sha256)
    where g.run_id = ${key.run_id} and g.sha256 = ${sha256ToBytes(key.sha256)}
    order by g.granted_at limit 1`;
  return (
    row && {
      kind: row.kind,
      sha256: sha256FromBytes(row.sha256),
      bytes: String(row.bytes),
      uri: '',
    }
  );
}

/** How many bytes a run has been granted: what its cap is judged by. */
export async function grantedBytes(sql: Queryable, runId: string): Promise<bigint> {
  const [row] = await sql<{ bytes: bigint }[]>`
    select coalesce(sum(a.bytes), 0)::int8 as bytes
    from (select distinct sha256 from runtime.artifact_grants where run_id = ${runId}) g
    join runtime.artifacts a using (sha256)`;
  return row?.bytes ?? 0n;
}
