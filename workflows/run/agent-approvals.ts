/**
 * What an agent asks in the middle of its turn. The run decides, never the driver; the agent waits at its host.
 *
 * 1. A question belongs to one turn at one worker, and to one start of the agent there: with any of them it loses its
 *    point, and no answer to it is ever sent again.
 * 2. Refusals leave no trace in the history, so an agent that asks for ever costs nothing.
 */
import { log, proxyActivities } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { refuse, rootMessage } from '../shared/failures.ts';
import { summaryOf } from '../shared/summary.ts';
import { expectAnswer, grantFor } from './approval-answers.ts';
import {
  decideFor,
  type LeasedTurn,
  move,
  type PendingApproval,
  type RunContext,
  showDetails,
} from './context.ts';
import { APPROVALS_PER_TURN_MAX, APPROVALS_WAITING_MAX } from './limits.ts';
import type { ApprovalsOrphaned, RequestApprovalArgs, RequestedApproval } from './messages.ts';
import { rulesInForce } from './policy.ts';
import type { RunActivities } from './ports.ts';

const activities = proxyActivities<RunActivities>(RECORD);

/** The turn that a worker works on now, as far as the run knows. */
export function turnUnderWay(context: RunContext): LeasedTurn | null {
  const { openTurn, receipts, state } = context;
  if (state.status !== 'running' || !openTurn || receipts[openTurn.request_id]) return null;
  return openTurn;
}

/** Invariant 2. @throws IllegalRunTransition, LimitExceeded */
export function assertMayAsk(context: RunContext, args: RequestApprovalArgs): void {
  if (turnUnderWay(context)?.request_id !== args.request_id) {
    throw refuse('illegalTransition', `turn ${args.request_id} is not under way`);
  }
  if (context.approvals[args.approval_id]) return;
  const waiting = Object.values(context.approvals).filter((each) => !isOlder(each, args));
  if (waiting.length >= APPROVALS_WAITING_MAX) {
    const most = `${APPROVALS_WAITING_MAX} approvals of a run wait at once`;
    throw refuse('limitExceeded', `${most}; answer one of them first`);
  }
  if (context.approvalsOfTurn >= APPROVALS_PER_TURN_MAX) {
    throw refuse('limitExceeded', `an agent asks ${APPROVALS_PER_TURN_MAX} times in a turn`);
  }
}

export function askForAgent(
  context: RunContext,
  args: RequestApprovalArgs,
): Promise<RequestedApproval> {
  return context.exclusive(async () => {
    assertMayAsk(context, args);
    const { approval_id, kind, rule_key, command } = args;
    if (context.approvals[approval_id]) return stillWaiting(approval_id);
    const older = Object.values(context.approvals).filter((each) => isOlder(each, args));
    const question = {
      point: 'approval' as const,
      kind,
      found: [],
      ...(rule_key && { rule_key }),
    };
    const grant = grantFor(context, rule_key);
    const decision = decideFor(context, {
      ...question,
      ...(grant && { granted: grant.scope }),
    });
    const timeout_ms = context.timings.approval_timeout_ms;
    const asked = await activities.requestApproval.executeWithOptions(
      { summary: summaryOf(`${decision.explanation}: ${decision.decision} by policy`) },
      [
        {
          run_id: context.input.run_id,
          kind,
          turn: context.turn,
          found: [],
          reason: decision.explanation,
          decision,
          timeout_ms,
          on_timeout: rulesInForce(context.input.policy).approval_timeout,
          goes_on: Object.keys(context.approvals).length === older.length,
          rule_key,
          granted: decideFor(context, { ...question, granted: 'session' }),
          granted_by: grant?.approval_id ?? '',
          offered: { approval_id },
          superseded: older.map((each) => each.approval_id),
          command,
        },
      ],
    );
    context.approvalsOfTurn += 1;
    for (const each of older) delete context.approvals[each.approval_id];
    if (asked.state === 'requested') wait(context, args, timeout_ms);
    else if (older.length > 0 && Object.keys(context.approvals).length === 0) {
      move(context, { kind: 'enter_phase', phase: 'executing' });
    }
    return asked;
  });
}

/** Asked by an earlier start of the same agent, which cannot take an answer any more. */
function isOlder(approval: PendingApproval, args: RequestApprovalArgs): boolean {
  return approval.request_id === args.request_id && approval.generation !== args.generation;
}

function stillWaiting(approval_id: string): RequestedApproval {
  return { approval_id, state: 'requested', decision: null, scope: null, positions: [] };
}

function wait(context: RunContext, args: RequestApprovalArgs, timeoutMs: number): void {
  const { approval_id, rule_key, request_id, generation } = args;
  const expires_at_ms = Date.now() + timeoutMs;
  const approval = { approval_id, rule_key, request_id, generation, expires_at_ms, answer: null };
  context.approvals[approval_id] = approval;
  move(context, { kind: 'enter_phase', phase: 'awaiting_approval' });
  showDetails(context);
  void expectAnswer(context, approval);
}

/** Invariant 1, at the end of a turn; within `exclusive`. */
export async function supersedeApprovals(context: RunContext, reason: string): Promise<void> {
  context.approvalsOfTurn = 0;
  const approval_ids = Object.values(context.approvals)
    .filter(({ request_id }) => request_id !== null)
    .map(({ approval_id }) => approval_id);
  await takeBack(context, approval_ids, reason);
}

/** Invariant 1, where the host of the agent was started anew in the middle of its turn. */
export async function supersedeOrphaned(
  context: RunContext,
  { approval_ids, reason }: ApprovalsOrphaned,
): Promise<void> {
  try {
    await context.exclusive(async () => {
      const waiting = approval_ids.filter((approval_id) => context.approvals[approval_id]);
      await takeBack(context, waiting, reason);
    });
  } catch (error) {
    // The end of the turn supersedes them too.
    log.error('orphaned approvals could not be superseded', { reason: rootMessage(error) });
  }
}

async function takeBack(
  context: RunContext,
  approval_ids: string[],
  reason: string,
): Promise<void> {
  if (approval_ids.length === 0) return;
  await activities.recordApprovalsSuperseded.executeWithOptions(
    { summary: summaryOf(`Take back what the agent still asks: ${reason}`) },
    [{ run_id: context.input.run_id, approval_ids, reason }],
  );
  for (const approval_id of approval_ids) delete context.approvals[approval_id];
}
