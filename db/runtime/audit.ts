/** Samples of read models for the auditor, and what it found. */
import type { Sql } from '../connect.ts';
import { RUN_PROJECTION_VERSION } from './projections.ts';

export interface AuditedRun {
  run_id: string;
  events: bigint;
  /** Of the checkpoint that the last audit left; null before the first. */
  checkpoint_version: string | null;
  checkpoint_seq: bigint | null;
}

/** The next runs after a cursor, with how much a replay of each reads. */
export async function sampleRuns(
  sql: Sql,
  page: { afterRunId: string; limit: number },
): Promise<AuditedRun[]> {
  return await sql<AuditedRun[]>`
    select r.run_id, r.latest_seq as events, c.projection_version as checkpoint_version,
      c.last_seq as checkpoint_seq
    from runtime.runs r left join runtime.projection_checkpoints c
      on c.entity_id = r.run_id and c.projection = 'run_summary'
    where r.run_id > ${page.afterRunId} order by r.run_id limit ${page.limit}`;
}

/** As many of the first as have so many events together; a longer log stands alone. */
export function withinEvents(runs: readonly AuditedRun[], eventsMax: bigint): AuditedRun[] {
  let events = 0n;
  const end = runs.findIndex((run, index) => {
    events += run.events;
    return index > 0 && events > eventsMax;
  });
  return end === -1 ? [...runs] : runs.slice(0, end);
}

export async function sampleWorkers(
  sql: Sql,
  page: { afterWorkerId: string; limit: number },
): Promise<string[]> {
  const rows = await sql<{ worker_id: string }[]>`
    select worker_id from runtime.workers
    where worker_id > ${page.afterWorkerId} order by worker_id limit ${page.limit}`;
  return rows.map(({ worker_id }) => worker_id);
}

export type DriftClass =
  | 'summary_hash_mismatch'
  | 'projection_version_changed'
  | 'hash_and_lag_drift'
  | 'checkpoint_ahead';

export interface Drift {
  projection: 'run_summary' | 'codex_worker_summary';
  entity_id: string;
  drift_class: DriftClass;
  fields: string[];
  expected_seq: bigint;
  found_seq: bigint;
}

/** How a rebuilt row had contradicted its log; null where it had not. */
export function driftClass(
  rebuilt: { last_seq: bigint; found_seq: bigint; drifted: readonly string[] },
  checkpoint: Pick<AuditedRun, 'checkpoint_version' | 'checkpoint_seq'> = NO_CHECKPOINT,
): DriftClass | null {
  const { checkpoint_version: version, checkpoint_seq: seq } = checkpoint;
  if (version !== null && version !== RUN_PROJECTION_VERSION) return 'projection_version_changed';
  if (seq !== null && seq > rebuilt.last_seq) return 'checkpoint_ahead';
  if (rebuilt.drifted.length === 0) return null;
  return rebuilt.found_seq === rebuilt.last_seq ? 'summary_hash_mismatch' : 'hash_and_lag_drift';
}

const NO_CHECKPOINT = { checkpoint_version: null, checkpoint_seq: null };

export async function recordDrift(sql: Sql, drift: Drift): Promise<void> {
  const { projection, entity_id, drift_class, fields, expected_seq, found_seq } = drift;
  await sql`
    insert into runtime.projection_drift
      (projection, entity_id, drift_class, fields, expected_seq, found_seq)
    values (${projection}, ${entity_id}, ${drift_class}, ${fields}::text[], ${expected_seq}, ${found_seq})`;
}
