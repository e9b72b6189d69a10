import { lockRun } from '#db/runtime/runs.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { transaction } from '#db/transaction.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import { loopEvent } from '#workflows/run/tool-trace.ts';
import { openInterrupt } from './cancel.ts';
import type { RuntimeActivityDeps } from './deps.ts';

export function createRecordLoopDetected({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordLoopDetected'] {
  return async function recordLoopDetected({ run_id, finding, open_turn }) {
    await transaction(sql, async (tx) => {
      const worker = open_turn && (await lockWorker(tx, open_turn.worker_id));
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: [loopEvent(finding)],
      });
      if (!worker || !open_turn) return;
      await openInterrupt(tx, journal, worker, open_turn, {
        run_id,
        reason: `the agent turns in a circle: ${finding.message}`,
      });
    });
  };
}
