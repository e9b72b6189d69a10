import type { ProjectionDrift } from '#proto/gen/types.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import { formatTime } from '#proto/time.ts';
import type { Queryable } from '../transaction.ts';
import { RUN_PROJECTION_VERSION } from './projections.ts';

interface DriftRow {
  projection: string;
  entity_id: string;
  drift_class: string;
  expected_seq: bigint;
  found_seq: bigint;
  /** When it was seen, or last known to be right. */
  at: Date;
}

interface FoundRow extends DriftRow {
  expected_hash: Buffer;
  found_hash: Buffer;
}

/**
 * Where a run's row contradicts what was last rebuilt from its log: same position and other content, a position that was
 * never reached, or another meaning of the fields. A row that has moved on is no contradiction.
 */
export async function listProjectionDrift(
  sql: Queryable,
  filter: { entity_id?: string | undefined; limit: number },
): Promise<ProjectionDrift[]> {
  const rows = await sql<FoundRow[]>`
    select * from (
      select c.projection, c.entity_id, c.last_seq as expected_seq, r.latest_seq as found_seq,
        c.projection_hash as expected_hash, runtime.run_projection_hash(r) as found_hash, c.projected_at as at,
        case
          when c.projection_version <> ${RUN_PROJECTION_VERSION} then 'projection_version_changed'
          when c.last_seq > r.latest_seq then 'checkpoint_ahead'
          when c.last_seq = r.latest_seq and c.projection_hash <> runtime.run_projection_hash(r)
            then 'summary_hash_mismatch'
        end as drift_class
      from runtime.projection_checkpoints c join runtime.runs r on r.run_id = c.entity_id
      where ${filter.entity_id ?? null}::text is null or c.entity_id = ${filter.entity_id ?? null}
    ) compared
    where drift_class is not null
    order by entity_id limit ${filter.limit}`;
  return rows.map((row) => ({
    ...driftMessage(row),
    expected_hash: sha256FromBytes(row.expected_hash),
    found_hash: sha256FromBytes(row.found_hash),
  }));
}

/** What was found and rebuilt, the newest first: by the auditor, or because somebody asked for it. */
export async function listRepairedDrift(
  sql: Queryable,
  filter: { entity_id?: string | undefined; limit: number },
): Promise<ProjectionDrift[]> {
  const rows = await sql<DriftRow[]>`
    select projection, entity_id, drift_class, expected_seq, found_seq, detected_at as at
    from runtime.projection_drift
    where ${filter.entity_id ?? null}::text is null or entity_id = ${filter.entity_id ?? null}
    order by drift_id desc limit ${filter.limit}`;
  return rows.map((row) => ({ ...driftMessage(row), repaired: true }));
}

function driftMessage({ projection, entity_id, drift_class, ...seen }: DriftRow): ProjectionDrift {
  return {
    projection_name: projection,
    entity_id,
    drift_class,
    expected_seq: String(seen.expected_seq),
    found_seq: String(seen.found_seq),
    expected_hash: '',
    found_hash: '',
    repaired: false,
    detected_at: formatTime(seen.at.getTime()),
  };
}
