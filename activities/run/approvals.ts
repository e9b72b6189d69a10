import { findApproval, insertApproval, resolveApproval } from '#db/runtime/approvals.ts';
import { readRun } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import type { RunActivities } from '#workflows/run/ports.ts';
import { derivedId } from '../shared/derived-id.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { phaseChanged, policyDecided, recorded, withCommandReceipt } from './events.ts';

export function createRequestApproval({
  sql,
  journal,
  now,
}: RuntimeActivityDeps): RunActivities['requestApproval'] {
  return async function requestApproval(input) {
    const { run_id, kind, turn, found, reason, decision } = input;
    const approval_id = derivedId('approval', run_id, kind, turn);
    return transaction(sql, async (tx) => {
      const run = await readRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const expires_at = new Date(now() + input.timeout_ms);
      const isNew = await insertApproval(tx, {
        approval_id,
        run_id,
        kind,
        subject: { found },
        reason,
        expires_at,
      });
      if (!isNew) return { approval_id };
      const request = {
        approval_id,
        kind,
        subject: found.join('\n'),
        reason,
        expires_at_ms: String(expires_at.getTime()),
      };
      await journal.appendIn(tx, {
        run_id: run.run_id,
        origin: 'platform',
        events: [
          policyDecided(decision, `approval:${approval_id}`),
          phaseChanged('awaiting_approval', reason, `approval:${approval_id}`),
          {
            event_type: 'approval.requested',
            idempotency_key: `approval:${approval_id}:requested`,
            payload: request,
          },
        ],
        patch: { phase: 'awaiting_approval' },
      });
      if (run.user_id) {
        await journal.publishIn(tx, [
          {
            topic: topics.userNotifications(parseId('user', run.user_id)),
            class: 'notifications',
            owner: { user_id: run.user_id },
            kind: 'approval.requested',
            payload: { run_id, ...request },
          },
        ]);
      }
      return { approval_id };
    });
  };
}

export function createRecordApprovalResolved({
  sql,
  journal,
}: RuntimeActivityDeps): RunActivities['recordApprovalResolved'] {
  return async function recordApprovalResolved(input) {
    const { run_id, approval_id, decision, scope, reason, resolved_by, command } = input;
    return transaction(sql, async (tx) => {
      const answered = await resolveApproval(tx, {
        approval_id,
        state: !command ? 'expired' : decision === 'approve' ? 'approved' : 'denied',
        decision,
        scope,
        resolved_by,
        resolution_reason: reason,
      });
      if (!answered) await assertSameAnswer(tx, input);
      const step = await journal.appendIn(tx, {
        run_id: parseId('run', run_id),
        origin: 'platform',
        events: [
          {
            event_type: 'approval.resolved',
            idempotency_key: `approval:${approval_id}:resolved`,
            payload: { approval_id, decision, scope, resolved_by },
          },
        ],
      });
      return withCommandReceipt(tx, command, recorded(step), !answered);
    });
  };
}

/** This step ran before; anything else is another answer to an approval that has one. */
async function assertSameAnswer(
  tx: Parameters<typeof findApproval>[0],
  answer: { approval_id: string; decision: string; resolved_by: string },
): Promise<void> {
  const stored = await findApproval(tx, answer.approval_id);
  if (stored?.decision === answer.decision && stored.resolved_by === answer.resolved_by) return;
  throw new ProblemError('conflict', `approval ${answer.approval_id} does not wait for an answer`);
}
