/**
 * An answer to an approval: in the log, in the person's notifications and, for an agent's question, at its worker.
 *
 * 1. The answer and the request that takes it to the worker are one transaction.
 * 2. Locks are taken in the order worker, run, approval, worker's topic, person's notifications.
 */
import { databaseTime } from '#db/database-clock.ts';
import {
  type ApprovalRow,
  findApproval,
  grantForThread,
  resolveApproval,
} from '#db/runtime/approvals.ts';
import { lockRun } from '#db/runtime/runs.ts';
import { openWorkerRequest } from '#db/runtime/worker-requests.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import type { ApprovalResolvedInput, RunActivities } from '#workflows/run/ports.ts';
import { derivedId } from '../../shared/derived-id.ts';
import type { RuntimeActivityDeps } from '../deps.ts';
import { phaseChanged, recorded, withCommandReceipt } from '../events.ts';
import { notifyOwner } from '../notify.ts';
import { approvalResolved } from './approval-events.ts';

/** A host answers at once; one that is away longer than its lease has lost the turn, and with it the question. */
const ANSWER_DEADLINE_MS = 300_000;

export function createRecordApprovalResolved(
  deps: RuntimeActivityDeps,
): RunActivities['recordApprovalResolved'] {
  return async function recordApprovalResolved(input) {
    const { run_id, approval_id, decision, scope, reason, resolved_by, command } = input;
    const known = await findApproval(deps.sql, approval_id);
    return transaction(deps.sql, async (tx) => {
      const worker = known?.worker_id ? await lockWorker(tx, known.worker_id) : undefined;
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const answered = await resolveApproval(tx, {
        approval_id,
        state: !command ? 'expired' : decision === 'approve' ? 'approved' : 'denied',
        decision,
        scope,
        resolved_by,
        resolution_reason: reason,
      });
      if (!answered) await assertSameAnswer(tx, input);
      const step = await deps.journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: [
          approvalResolved({ approval_id, decision, scope, resolved_by, reason }),
          ...(input.goes_on
            ? [phaseChanged('executing', 'the approval was answered', `answered:${approval_id}`)]
            : []),
        ],
        ...(input.goes_on && answered && { patch: { phase: 'executing' as const } }),
      });
      if (answered && worker) {
        await openWorkerRequest(tx, deps.journal, worker, {
          request_id: derivedId('req', run_id, 'approval', approval_id),
          method: 'approval/resolve',
          run_id,
          thread_id: run.thread_id,
          params: resolveParams(answered, input),
          deadline_at: await databaseTime(tx, ANSWER_DEADLINE_MS),
        });
      }
      if (answered && scope === 'session' && answered.rule_key !== '') {
        await grantForThread(tx, {
          thread_id: run.thread_id,
          rule_key: answered.rule_key,
          approval_id,
          granted_by: resolved_by,
        });
      }
      const published = answered
        ? await notifyOwner(tx, deps.journal, run, 'approval.resolved', [
            { approval_id, decision, scope, resolved_by },
          ])
        : [];
      return withCommandReceipt(tx, command, recorded(step, published), !answered);
    });
  };
}

/** This step ran before; anything else is another answer to an approval that has one. */
async function assertSameAnswer(
  tx: Tx,
  answer: { approval_id: string; decision: string; resolved_by: string },
): Promise<void> {
  const stored = await findApproval(tx, answer.approval_id);
  if (stored?.decision === answer.decision && stored.resolved_by === answer.resolved_by) return;
  throw new ProblemError('conflict', `approval ${answer.approval_id} does not wait for an answer`);
}

/** The params of `approval/resolve`. */
function resolveParams(row: ApprovalRow, input: ApprovalResolvedInput): JsonObject {
  const { approval_id, decision, scope, reason, resolved_by } = input;
  const { approval_key, request_id } = row;
  return { approval_id, approval_key, request_id, decision, scope, reason, resolved_by };
}
