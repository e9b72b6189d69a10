import type { Sql } from '#db/connect.ts';
import { type Drift, driftClass, recordDrift } from '#db/runtime/audit.ts';
import { BrokenLogError, rebuildRun } from '#db/runtime/projections.ts';
import { rebuildWorker } from '#db/runtime/worker-projection.ts';
import type { ProjectionDrift } from '#proto/gen/types.ts';

/** What a rebuild found wrong: nothing, a row that it set right, or a log that cannot be trusted. */
export type Findings = readonly ProjectionDrift[];

/** Undefined where there is no such run. */
export async function rebuildRunRow(sql: Sql, runId: string): Promise<Findings | undefined> {
  try {
    const rebuilt = await rebuildRun(sql, runId);
    return rebuilt && repaired(sql, 'run_summary', runId, rebuilt, rebuilt.projection_hash);
  } catch (error) {
    if (error instanceof BrokenLogError) return [brokenLog(runId)];
    throw error;
  }
}

/** Undefined where there is no such worker. */
export async function rebuildWorkerRow(sql: Sql, workerId: string): Promise<Findings | undefined> {
  const rebuilt = await rebuildWorker(sql, workerId);
  return rebuilt && repaired(sql, 'codex_worker_summary', workerId, rebuilt, '');
}

async function repaired(
  sql: Sql,
  projection: Drift['projection'],
  entity_id: string,
  rebuilt: { last_seq: bigint; found_seq: bigint; drifted: string[] },
  expected_hash: string,
): Promise<Findings> {
  const drift_class = driftClass(rebuilt);
  if (!drift_class) return [];
  const { last_seq: expected_seq, found_seq, drifted: fields } = rebuilt;
  await recordDrift(sql, {
    ...{ projection, entity_id, drift_class },
    ...{ fields, expected_seq, found_seq },
  });
  return [
    {
      ...{ projection_name: projection, entity_id, drift_class },
      ...{ expected_seq: String(expected_seq), found_seq: String(found_seq) },
      ...{ expected_hash, found_hash: '', repaired: true },
    },
  ];
}

function brokenLog(entity_id: string): ProjectionDrift {
  return {
    ...{ projection_name: 'run_summary', entity_id, drift_class: 'broken_log' },
    ...{ expected_seq: '0', found_seq: '0', expected_hash: '', found_hash: '', repaired: false },
  };
}
