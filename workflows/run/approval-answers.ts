/** The answer to an approval, whoever asked: a person's, or the policy's when nobody answers in time. */
import { CancellationScope, condition, log, proxyActivities } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { refuse, rootMessage } from '../shared/failures.ts';
import { summaryOf } from '../shared/summary.ts';
import { move, type PendingApproval, type RunContext, type RunGrant } from './context.ts';
import { GRANTS_MAX } from './limits.ts';
import type { ResolveApprovalArgs, ResolveApprovalResult } from './messages.ts';
import { rulesInForce } from './policy.ts';
import type { ApprovalResolvedInput, RecordedStep, RunActivities } from './ports.ts';

const activities = proxyActivities<RunActivities>(RECORD);

/** @throws ApprovalNotPending */
export function assertPending(context: RunContext, approvalId: string): PendingApproval {
  const approval = context.approvals[approvalId];
  if (!approval || context.state.status !== 'running') {
    throw refuse('approvalNotPending', `approval ${approvalId} does not wait for an answer`);
  }
  return approval;
}

export async function answerApproval(
  context: RunContext,
  args: ResolveApprovalArgs,
): Promise<ResolveApprovalResult> {
  return context.exclusive(async () => {
    const approval = assertPending(context, args.approval_id);
    const { approval_id, decision, resolved_by } = args;
    const { positions } = await resolve(
      context,
      approval,
      args,
      `Record that ${resolved_by} answered the approval: ${decision}`,
    );
    return { approval_id, state: decision === 'approve' ? 'approved' : 'denied', positions };
  });
}

/** The policy answers for whoever did not; within `exclusive`, and only where it still waits. */
export async function answerByPolicy(
  context: RunContext,
  approval: PendingApproval,
): Promise<void> {
  const decision = rulesInForce(context.input.policy).approval_timeout;
  await resolve(
    context,
    approval,
    {
      decision,
      scope: 'once',
      reason: 'nobody answered in time',
      resolved_by: 'policy',
      command: null,
    },
    `Nobody answered in time: ${decision} by policy`,
  );
}

/** Answers an agent's question by policy when its time is over, unless it is answered or has lost its point before. */
export function expectAnswer(context: RunContext, approval: PendingApproval): Promise<void> {
  // A handler's waits end with an operator's cancel, this one with the run.
  return CancellationScope.nonCancellable(() => awaitAnswer(context, approval));
}

async function awaitAnswer(context: RunContext, approval: PendingApproval): Promise<void> {
  const waits = () =>
    context.approvals[approval.approval_id] === approval &&
    context.state.status === 'running' &&
    !context.isEnding;
  try {
    const over = await condition(
      () => !waits() || context.wallClockEnded,
      Math.max(1, approval.expires_at_ms - Date.now()),
      { summary: "Unanswered until then, the run's policy decides" },
    );
    if (over) return;
    await context.exclusive(async () => {
      if (waits()) await answerByPolicy(context, approval);
    });
  } catch (error) {
    log.error('an approval could not be answered by policy', { reason: rootMessage(error) });
  }
}

/** Of questions that an earlier history of the run asked. */
export function expectAnswers(context: RunContext): void {
  for (const approval of Object.values(context.approvals)) {
    if (approval.request_id !== null) void expectAnswer(context, approval);
  }
}

type Answer = Pick<
  ApprovalResolvedInput,
  'decision' | 'scope' | 'reason' | 'resolved_by' | 'command'
>;

async function resolve(
  context: RunContext,
  approval: PendingApproval,
  { decision, scope, reason, resolved_by, command }: Answer,
  summary: string,
): Promise<RecordedStep> {
  const { approval_id, request_id, rule_key } = approval;
  const goes_on = request_id !== null && Object.keys(context.approvals).length === 1;
  const recorded = await activities.recordApprovalResolved.executeWithOptions(
    { summary: summaryOf(summary) },
    [
      {
        run_id: context.input.run_id,
        approval_id,
        decision,
        scope,
        reason,
        resolved_by,
        command,
        ...(goes_on && { goes_on }),
      },
    ],
  );
  approval.answer = { decision, by: resolved_by };
  delete context.approvals[approval_id];
  if (decision === 'approve' && scope !== 'once' && rule_key !== '') {
    context.grants = [...context.grants, { rule_key, scope, approval_id }].slice(-GRANTS_MAX);
  }
  if (goes_on) move(context, { kind: 'enter_phase', phase: 'executing' });
  return recorded;
}

/** The answer in this run that covers a rule. */
export function grantFor(context: RunContext, ruleKey: string): RunGrant | undefined {
  return ruleKey === '' ? undefined : context.grants.find(({ rule_key }) => rule_key === ruleKey);
}
