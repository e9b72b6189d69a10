import type { ProjectionCheckpoint, RunSummary } from '#proto/gen/types.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import { formatTime } from '#proto/time.ts';
import type { Queryable } from '../transaction.ts';

interface CheckpointRow {
  projection: string;
  entity_id: string;
  projection_version: string;
  last_seq: bigint;
  last_event_type: string | null;
  latest_seq: bigint;
  projection_hash: Buffer;
  projected_at: Date;
}

/** How far the read models of a run have followed its log, as the auditor last wrote it down. */
export async function listRunCheckpoints(
  sql: Queryable,
  runId: string,
): Promise<ProjectionCheckpoint[]> {
  const rows = await sql<CheckpointRow[]>`
    select c.projection, c.entity_id, c.projection_version, c.last_seq, e.event_type as last_event_type,
      r.latest_seq, c.projection_hash, c.projected_at
    from runtime.projection_checkpoints c
    join runtime.runs r on r.run_id = c.entity_id
    left join runtime.run_events e on e.run_id = c.entity_id and e.seq = c.last_seq
    where c.entity_id = ${runId} order by c.projection`;
  return rows.map((row) => ({
    projection_name: row.projection,
    entity_id: row.entity_id,
    document_id: `runtime/${row.projection}:${row.entity_id}`,
    last_seq: String(row.last_seq),
    last_event_type: row.last_event_type ?? '',
    lag_events: String(row.latest_seq - row.last_seq),
    projection_version: row.projection_version,
    projection_hash: sha256FromBytes(row.projection_hash),
    last_projected_at: formatTime(row.projected_at.getTime()),
  }));
}

/** The summary of a run as its topics carry it; undefined where there is no run. */
export async function readRunSummary(
  sql: Queryable,
  runId: string,
): Promise<RunSummary | undefined> {
  const [row] = await sql<{ summary: Buffer }[]>`
    select runtime.run_summary(r) as summary from runtime.runs r where run_id = ${runId}`;
  return row && (JSON.parse(row.summary.toString('utf8')) as RunSummary);
}
