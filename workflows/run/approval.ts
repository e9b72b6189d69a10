/** A patch before a person, where the policy asks: it edits what judges it, or seems to hold a secret. */
import { proxyActivities } from '@temporalio/workflow';
import { hashCanonical } from '#proto/canonical.ts';
import { RECORD } from '../shared/activity-options.ts';
import { summaryOf } from '../shared/summary.ts';
import { answerByPolicy } from './approval-answers.ts';
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
  const rule_key = hashCanonical({ kind, found });
  let approved = false;
  const approval = await step(context, async () => {
    const { approval_id, decision } = await activities.requestApproval.executeWithOptions(
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
          on_timeout: rulesInForce(context.input.policy).approval_timeout,
          goes_on: false,
          rule_key,
          granted: decideFor(context, { point: 'approval', kind, found, granted: 'session' }),
          granted_by: '',
          offered: null,
          superseded: [],
          command: null,
        },
      ],
    );
    // An answer in an earlier run of the thread covers it, or it was answered in a history that is gone.
    if (decision) {
      approved = decision === 'approve';
      return null;
    }
    move(context, { kind: 'enter_phase', phase: 'awaiting_approval' });
    const expires_at_ms = Date.now() + timeout_ms;
    const pending: PendingApproval = {
      approval_id,
      rule_key,
      request_id: null,
      generation: '',
      expires_at_ms,
      answer: null,
    };
    context.approvals[approval_id] = pending;
    return pending;
  });
  if (!approval) return answered(context, approved, 'an earlier answer for this thread');
  waitFor(context, `an answer to approval \`${approval.approval_id}\`: ${asked.explanation}`);
  const inTime = await until(context, () => approval.answer !== null, {
    timeoutMs: timeout_ms,
    summary: "Unanswered until then, the run's policy decides",
  });
  waitFor(context, '');
  // Unless somebody answered while this waited for its turn.
  if (!inTime) {
    await step(context, async () => {
      if (!approval.answer) await answerByPolicy(context, approval);
    });
  }
  const { decision, by } = approval.answer ?? { decision: 'deny', by: 'policy' };
  return answered(context, decision === 'approve', by);
}

function answered(context: RunContext, approved: boolean, by: string): PolicyDecision {
  return decideFor(context, { point: 'finish', kind: 'approval_answered', approved, by });
}
