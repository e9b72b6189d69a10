import { supersedeApprovals } from '#db/runtime/approvals.ts';
import { lockRun } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import type { RuntimeActivityDeps } from '../deps.ts';
import { notifyOwner } from '../notify.ts';
import { approvalSuperseded } from './approval-events.ts';

/** Questions that nobody needs answered any more. */
export function createRecordApprovalsSuperseded({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordApprovalsSuperseded'] {
  return async function recordApprovalsSuperseded({ run_id, approval_ids, reason }) {
    await transaction(sql, async (tx) => {
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const superseded = await supersedeApprovals(tx, run_id, approval_ids);
      if (superseded.length === 0) return;
      await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: superseded.map((id) => approvalSuperseded(id, reason)),
      });
      const notices = superseded.map((approval_id) => ({ approval_id, reason }));
      await notifyOwner(tx, journal, run, 'approval.superseded', notices);
    });
  };
}
