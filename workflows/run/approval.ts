/** A patch before a person, where the policy asks: it edits what judges it, or seems to hold a secret. */
import { proxyActivities } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { summaryOf } from '../shared/summary.ts';
import {
  decideFor,
  move,
  type PendingApproval,
  type RunContext,
  step,
  until,
  waitFor,
} from './context.ts';
import { failed, RunEnded } from './ending.ts';
import { type ApprovalKind, type PolicyDecision, rulesInForce } from './policy.ts';
import type { RunActivities } from './ports.ts';

const activities = proxyActivities<RunActivities>(RECORD);

/**
 * Lets the patch pass where `found` is empty, the policy allows it or a person approves.
 * @throws RunEnded where it was denied; RunStopped
 */
export async function approvePatch(
  context: RunContext,
  kind: ApprovalKind,
  found: string[],
): Promise<void> {
  if (found.length === 0) return;
  const asked = decideFor(context, { point: 'approval', kind, found });
  const decision = asked.decision === 'ask' ? await askPerson(context, kind, found, asked) : asked;
  context.decisions.push(decision);
  if (decision.decision !== 'allow') {
    const why = decision === asked ? '' : `; ${decision.explanation}`;
    throw new RunEnded(failed('policy_denied', `${asked.explanation}${why}`));
  }
}

async function askPerson(
  context: RunContext,
  kind: ApprovalKind,
  found: string[],
  asked: PolicyDecision,
): Promise<PolicyDecision> {
  const timeout_ms = context.timings.approval_timeout_ms;
  const approval = await step(context, async () => {
    const { approval_id } = await activities.requestApproval.executeWithOptions(
      { summary: summaryOf(`Ask the owner: ${asked.explanation}`) },
      [
        {
          run_id: context.input.run_id,
          kind,
          turn: context.turn,
          found,
          reason: asked.explanation,
          decision: asked,
          timeout_ms,
        },
      ],
    );
    move(context, { kind: 'enter_phase', phase: 'awaiting_approval' });
    const pending: PendingApproval = { approval_id, answer: null };
    context.approval = pending;
    return pending;
  });
  waitFor(context, `an answer to approval \`${approval.approval_id}\`: ${asked.explanation}`);
  const answered = await until(context, () => approval.answer !== null, {
    timeoutMs: timeout_ms,
    summary: "Unanswered until then, the run's policy decides",
  });
  waitFor(context, '');
  const answer = answered ? approval.answer : await answerByPolicy(context, approval);
  return decideFor(context, {
    point: 'finish',
    kind: 'approval_answered',
    approved: answer?.decision === 'approve',
    by: answer?.by ?? 'policy',
  });
}

/** Unless somebody answered while this waited for its turn. */
async function answerByPolicy(
  context: RunContext,
  approval: PendingApproval,
): Promise<PendingApproval['answer']> {
  const decision = rulesInForce(context.input.policy).approval_timeout;
  return step(context, async () => {
    if (approval.answer) return approval.answer;
    await activities.recordApprovalResolved.executeWithOptions(
      { summary: summaryOf(`Nobody answered in time: ${decision} by policy`) },
      [
        {
          run_id: context.input.run_id,
          approval_id: approval.approval_id,
          decision,
          scope: 'once',
          reason: 'nobody answered in time',
          resolved_by: 'policy',
          command: null,
        },
      ],
    );
    approval.answer = { decision, by: 'policy' };
    return approval.answer;
  });
}
