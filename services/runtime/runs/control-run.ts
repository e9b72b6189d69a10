import { findApproval } from '#db/runtime/approvals.ts';
import { ProblemError } from '#proto/errors.ts';
import type { ResolveApprovalArgs } from '#workflows/run/messages.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { ownedRun, runIdOf } from './run-access.ts';

/** Cancels a run; durable when it answers, whatever the worker does then. */
export function cancelRun(deps: RuntimeDeps): RuntimeHandler<'runtime.run.cancel'> {
  return async function cancelRun({ body, params, caller, command }) {
    const run = await ownedRun(deps.sql, caller, runIdOf(params));
    const { status, positions } = await deps.workflows
      .cancel(run.run_id, {
        ...withoutSecrets({ reason: body.reason }),
        requested_by: caller.principal,
        command: command.context,
      })
      .catch((error: unknown) => {
        if (!isTerminalStatus(run.status)) throw error;
        throw new ProblemError('conflict', `The run has ended: ${run.status}.`, { cause: error });
      });
    return { data: { run_id: run.run_id, status, cancel_requested: true }, positions };
  };
}

/** Answers an approval that a run waits for; the workflow decides whether it still does. */
export function resolveApproval(deps: RuntimeDeps): RuntimeHandler<'runtime.run.approval.resolve'> {
  return async function resolveApproval({ body, params, caller, command }) {
    const run = await ownedRun(deps.sql, caller, runIdOf(params));
    const approval = await findApproval(deps.sql, params['approval_id'] ?? '');
    if (approval?.run_id !== run.run_id) throw new ProblemError('not_found', 'No such approval.');
    const answered = await deps.workflows.resolveApproval(run.run_id, {
      approval_id: approval.approval_id,
      // The contract's pattern allows nothing else.
      decision: body.decision as ResolveApprovalArgs['decision'],
      scope: (body.scope || 'once') as ResolveApprovalArgs['scope'],
      ...withoutSecrets({ reason: body.reason }),
      resolved_by: caller.principal,
      command: command.context,
    });
    const { approval_id, state, positions } = answered;
    return { data: { approval_id, state }, positions };
  };
}
