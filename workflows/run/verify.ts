/** The patch of a turn before its judge, and before a person where it edits that judge. */
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  executeChild,
  ParentClosePolicy,
  proxyActivities,
} from '@temporalio/workflow';
import type { HarnessSpec } from '#proto/gen/types.ts';
import { RECORD } from '../shared/activity-options.ts';
import { rootMessage } from '../shared/failures.ts';
import {
  VERIFICATION_WORKFLOW_TYPE,
  type VerificationInput,
  type VerificationOutcome,
  verificationWorkflowId,
} from '../verification/messages.ts';
import { decideFor, move, type RunContext, step, until, waitFor } from './context.ts';
import { failed, RunEnded } from './ending.ts';
import type { TurnResponse } from './messages.ts';
import { rulesInForce } from './policy.ts';
import type { RunActivities } from './ports.ts';

const activities = proxyActivities<RunActivities>(RECORD);

const TIER = 'O';

/**
 * Runs the harness over the turn's patch.
 * @throws RunEnded where no verdict could be reached; RunStopped
 */
export async function verifyTurn(
  context: RunContext,
  response: TurnResponse & { patch: NonNullable<TurnResponse['patch']> },
  harness: HarnessSpec,
): Promise<VerificationOutcome> {
  const { input, limits, turn: attempt, turnEnd } = context;
  if (!turnEnd) throw new TypeError('a turn is verified after it has ended');
  const { verification_id } = await step(context, async () => {
    const begun = await activities.beginVerification.executeWithOptions(
      { summary: `Begin the verification of turn ${attempt}` },
      [
        {
          run_id: input.run_id,
          turn_end: turnEnd,
          attempt,
          tier: TIER,
          patch: response.patch,
        },
      ],
    );
    context.turnEnd = null;
    move(context, { kind: 'enter_phase', phase: 'verifying' });
    return begun;
  });
  waitFor(context, `the verifier to run the harness on the patch of turn ${attempt}`);
  const outcome = await runChild(context, {
    run_id: input.run_id,
    thread_id: input.thread_id,
    objective_hash: input.objective_hash,
    policy_bundle_id: context.policyBundleId,
    harness_input: {
      run_id: input.run_id,
      verification_id,
      attempt,
      repo: {
        bundle: response.repo_bundle,
        url: response.repo_bundle ? null : (input.spec.repo?.source ?? null),
        base_commit: response.base_commit,
        base_tree: response.base_tree,
      },
      patch: response.patch,
      harness,
      limits: { wall_s_max: limits.wall_s_max, output_bytes_max: limits.output_bytes_max },
    },
  });
  waitFor(context, '');
  context.verdict = {
    verdict: outcome.verdict,
    tier: TIER,
    strength: outcome.strength,
    receipt_id: outcome.receipt.receipt_id,
    receipt_sha256: outcome.receipt.canonical_sha256,
    sandboxed: outcome.sandboxed,
    attempt,
  };
  return outcome;
}

/** A stop ends the wait at once; the child is told and ends on its own. */
async function runChild(
  context: RunContext,
  verification: VerificationInput,
): Promise<VerificationOutcome> {
  const scope = new CancellationScope();
  let outcome: VerificationOutcome | null = null;
  let failure: unknown = null;
  void scope
    .run(() =>
      executeChild<(input: VerificationInput) => Promise<VerificationOutcome>>(
        VERIFICATION_WORKFLOW_TYPE,
        {
          args: [verification],
          workflowId: verificationWorkflowId(verification.harness_input.verification_id),
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
          staticSummary: `Verify attempt ${verification.harness_input.attempt} of ${verification.run_id}`,
        },
      ),
    )
    .then(
      (result) => {
        outcome = result;
      },
      (error) => {
        failure = error;
      },
    );
  const current = () => outcome;
  try {
    await until(context, () => current() !== null || failure !== null);
  } catch (stopped) {
    scope.cancel();
    throw stopped;
  }
  const reached = current();
  if (reached) return reached;
  throw new RunEnded(
    failed('failed', `the verification could not be carried out: ${rootMessage(failure)}`),
  );
}

/**
 * A patch that edits tests, test configuration or CI waits for a person, however green it is.
 * @throws RunEnded where it was denied; RunStopped
 */
export async function approveProtectedPaths(context: RunContext, paths: string[]): Promise<void> {
  const asked = decideFor(context, { point: 'approval', kind: 'protected_paths', paths });
  if (asked.decision === 'ask') return awaitApproval(context, asked, paths);
  context.decisions.push(asked);
  if (asked.decision === 'deny') throw new RunEnded(failed('policy_denied', asked.explanation));
}

async function awaitApproval(
  context: RunContext,
  asked: ReturnType<typeof decideFor>,
  paths: string[],
): Promise<void> {
  const { run_id } = context.input;
  const timeout_ms = context.timings.approval_timeout_ms;
  const approval = await step(context, async () => {
    const { approval_id } = await activities.requestApproval.executeWithOptions(
      { summary: 'Ask the owner whether the patch may edit what judges it' },
      [
        {
          run_id,
          kind: 'protected_paths',
          number: context.turn,
          subject: paths.join('\n'),
          reason: asked.explanation,
          decision: asked,
          timeout_ms,
        },
      ],
    );
    move(context, { kind: 'enter_phase', phase: 'awaiting_approval' });
    context.approval = { approval_id, answer: null };
    return context.approval;
  });
  waitFor(context, `an answer to approval \`${approval.approval_id}\`: ${asked.explanation}`);
  const inTime = await until(context, () => approval.answer !== null, timeout_ms);
  waitFor(context, '');
  if (!inTime) await answerByPolicy(context, approval.approval_id);
  const answer = approval.answer ?? { decision: 'deny' as const, by: 'policy' };
  const decision = decideFor(context, {
    point: 'finish',
    kind: 'approval_answered',
    approved: answer.decision === 'approve',
    by: answer.by,
  });
  context.decisions.push(decision);
  if (decision.decision !== 'allow') {
    throw new RunEnded(failed('policy_denied', `${asked.explanation}; ${decision.explanation}`));
  }
}

/** Unless somebody answered while this waited for its turn. */
async function answerByPolicy(context: RunContext, approval_id: string): Promise<void> {
  const decision = rulesInForce(context.input.policy).approval_timeout;
  await step(context, async () => {
    const { approval } = context;
    if (!approval || approval.answer) return;
    await activities.recordApprovalResolved.executeWithOptions(
      { summary: `Nobody answered in time: ${decision} by policy` },
      [
        {
          run_id: context.input.run_id,
          approval_id,
          decision,
          scope: 'once',
          resolved_by: 'policy',
          command: null,
        },
      ],
    );
    approval.answer = { decision, by: 'policy' };
  });
}
