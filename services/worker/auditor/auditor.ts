/**
 * Replays the logs of a sample of runs and workers over their rows, so that a row which drifted is found and repaired before
 * somebody trusts it. The walk goes on where the last pass ended and begins again at the end.
 *
 * 1. The log is right: what differs is written down, and the row is rebuilt under its lock, so an append waits and is not lost.
 * 2. One pass replays a bounded number of events; a longer log is a pass of its own.
 */
import type { Sql } from '#db/connect.ts';
import {
  type AuditedRun,
  type Drift,
  driftClass,
  recordDrift,
  sampleRuns,
  sampleWorkers,
  withinEvents,
} from '#db/runtime/audit.ts';
import { rebuildRun } from '#db/runtime/projections.ts';
import { rebuildWorker } from '#db/runtime/worker-projection.ts';

/** A pass of small logs takes a second of one connection. */
export const AUDIT_EVERY_MS = 30_000;
const ENTITIES_MAX = 50;
const EVENTS_MAX = 20_000n;

export interface AuditorDeps {
  sql: Sql;
  onAudited(projection: Drift['projection'], count: number): void;
  onDrift(drift: Drift): void;
}

export function createAuditor({ sql, onAudited, onDrift }: AuditorDeps): {
  sweep(): Promise<void>;
} {
  let afterRunId = '';
  let afterWorkerId = '';

  async function found(drift: Drift): Promise<void> {
    await recordDrift(sql, drift);
    onDrift(drift);
  }

  async function auditRun(run: AuditedRun): Promise<void> {
    const rebuilt = await rebuildRun(sql, run.run_id);
    const drift_class = rebuilt && driftClass(rebuilt, run);
    if (!rebuilt || !drift_class) return;
    const { last_seq, found_seq, drifted } = rebuilt;
    await found({
      ...{ projection: 'run_summary', entity_id: run.run_id, drift_class },
      ...{ fields: drifted, expected_seq: last_seq, found_seq },
    });
  }

  async function auditWorker(workerId: string): Promise<void> {
    const rebuilt = await rebuildWorker(sql, workerId);
    const drift_class = rebuilt && driftClass(rebuilt);
    if (!rebuilt || !drift_class) return;
    const { last_seq, found_seq, drifted } = rebuilt;
    await found({
      ...{ projection: 'codex_worker_summary', entity_id: workerId, drift_class },
      ...{ fields: drifted, expected_seq: last_seq, found_seq },
    });
  }

  return {
    async sweep() {
      const runs = withinEvents(
        await sampleRuns(sql, { afterRunId, limit: ENTITIES_MAX }),
        EVENTS_MAX,
      );
      afterRunId = runs.at(-1)?.run_id ?? '';
      for (const run of runs) await auditRun(run);
      onAudited('run_summary', runs.length);
      const workers = await sampleWorkers(sql, { afterWorkerId, limit: ENTITIES_MAX });
      afterWorkerId = workers.at(-1) ?? '';
      for (const workerId of workers) await auditWorker(workerId);
      onAudited('codex_worker_summary', workers.length);
    },
  };
}
