import { type ApprovalRow, findApproval } from '#db/runtime/approvals.ts';
import { findCommandReceipt } from '#db/runtime/command-receipts.ts';
import { ProblemError } from '#proto/errors.ts';
import type { ResolveApprovalRequest } from '#proto/gen/types.ts';
import type {
  ApprovalScope,
  CommandContext,
  ResolveApprovalArgs,
  ResolveApprovalResult,
} from '#workflows/run/messages.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { ownedRun, runIdOf } from '../runs/run-access.ts';
import { withoutSecrets } from '../without-secrets.ts';

/** Answers an approval that a run waits for; the workflow decides whether it still does. */
export function resolveApproval(deps: RuntimeDeps): RuntimeHandler<'runtime.run.approval.resolve'> {
  return async function resolveApproval({ body, params, caller, command }) {
    const run = await ownedRun(deps.sql, caller, runIdOf(params));
    const approval = await findApproval(deps.sql, params['approval_id'] ?? '');
    if (approval?.run_id !== run.run_id) throw new ProblemError('not_found', 'No such approval.');
    const answered = await deps.workflows
      .resolveApproval(run.run_id, {
        approval_id: approval.approval_id,
        ...answerOf(body, approval),
        ...withoutSecrets({ reason: body.reason }),
        resolved_by: caller.principal,
        command: command.context,
      })
      .catch((error: unknown) =>
        answeredBefore(deps, approval.approval_id, command.context, error),
      );
    const { approval_id, state, positions } = answered;
    return { data: { approval_id, state }, positions };
  };
}

/** @throws ProblemError invalid_request where the question cannot be answered as widely as asked. */
function answerOf(
  body: ResolveApprovalRequest,
  { scopes }: ApprovalRow,
): Pick<ResolveApprovalArgs, 'decision' | 'scope'> {
  // The contract's patterns allow nothing else.
  const decision = body.decision as ResolveApprovalArgs['decision'];
  const scope = (body.scope || 'once') as ApprovalScope;
  if (scope === 'once') return { decision, scope };
  const reason =
    decision === 'deny'
      ? 'a denial answers this question alone: once'
      : `must be one of ${scopes.join(', ')}`;
  if (decision === 'approve' && scopes.includes(scope)) return { decision, scope };
  throw new ProblemError('invalid_request', 'The approval cannot be answered that widely.', {
    faults: [{ path: '$.scope', reason }],
  });
}

/**
 * Why an approval takes no answer: a repetition of this very command gets the first one's, everybody else is told who
 * answered.
 */
async function answeredBefore(
  { sql }: RuntimeDeps,
  approvalId: string,
  { audit_id, principal }: CommandContext,
  error: unknown,
): Promise<ResolveApprovalResult> {
  if (!(error instanceof ProblemError) || error.retryable) throw error;
  const row = await findApproval(sql, approvalId);
  if (!row || row.state === 'requested') throw error;
  const receipt = await findCommandReceipt(sql, { audit_id, principal });
  if (receipt && (row.state === 'approved' || row.state === 'denied')) {
    return { approval_id: approvalId, state: row.state, positions: [...receipt.positions] };
  }
  throw new ProblemError('approval_not_pending', becauseOf(row), { cause: error });
}

function becauseOf({ state, resolved_by, resolved_at, decision }: ApprovalRow): string {
  const at = resolved_at?.toISOString() ?? '';
  switch (state) {
    case 'approved':
    case 'denied':
      return `${resolved_by} ${state} it at ${at}.`;
    case 'expired':
      return `Nobody answered in time: by policy the answer was ${decision} at ${at}.`;
    default:
      return `It lost its point at ${at}: its turn ended, its worker was lost or its agent was started anew.`;
  }
}
