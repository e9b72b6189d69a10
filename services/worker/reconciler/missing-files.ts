/**
 * Derives the replay file and the bundle of runs whose workflow was lost, or gave up, after the log was closed and before
 * the files were written. What a run still does itself is left to it.
 */
import type { Client } from '@temporalio/client';
import type { Sql } from '#db/connect.ts';
import { listRunsWithoutFiles } from '#db/runtime/missing-files.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import { findLostHistory } from './lost-history.ts';

/** Within this a run that ended writes its files itself, even a large one. */
export const FILES_DUE_MS = 60_000;
/** Of one sweep: each may be a file of minutes. */
const RUNS_MAX = 10;
/** What could not be derived is no news within the hour: a patch that is not in the store, a file beyond what it takes. */
const AGAIN_AFTER_MS = 3_600_000;

export interface MissingFilesDeps {
  sql: Sql;
  client: Client;
  deriveRunFiles: RunActivities['deriveRunFiles'];
  now(): number;
  stopping: AbortSignal;
  onDerived(runId: string): void;
}

export function createMissingFiles(deps: MissingFilesDeps): { sweep(): Promise<void> } {
  const { sql, client, deriveRunFiles, now, stopping, onDerived } = deps;
  const notBeforeMs = new Map<string, number>();
  let afterRunId = '';

  async function derive(run_id: string): Promise<void> {
    if ((notBeforeMs.get(run_id) ?? 0) > now()) return;
    if (!(await findLostHistory(client, run_id))) return;
    notBeforeMs.set(run_id, now() + AGAIN_AFTER_MS);
    await deriveRunFiles({ run_id });
    notBeforeMs.delete(run_id);
    onDerived(run_id);
  }

  return {
    async sweep() {
      const runs = await listRunsWithoutFiles(sql, {
        ...{ afterRunId, limit: RUNS_MAX },
        endedBefore: new Date(now() - FILES_DUE_MS),
      });
      afterRunId = runs.length < RUNS_MAX ? '' : (runs.at(-1) ?? '');
      const failures: unknown[] = [];
      for (const runId of runs) {
        if (stopping.aborted) return;
        await derive(runId).catch((error: unknown) => failures.push(error));
      }
      if (failures.length > 0)
        throw new AggregateError(failures, `the files of ${failures.length} runs are not derived`);
    },
  };
}
