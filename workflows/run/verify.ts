/** The patch of a turn before its judge. */
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
import { summaryOf } from '../shared/summary.ts';
import {
  VERIFICATION_WORKFLOW_TYPE,
  type VerificationInput,
  type VerificationOutcome,
  verificationWorkflowId,
} from '../verification/messages.ts';
import { move, type RunContext, step, until, waitFor } from './context.ts';
import { failed, RunEnded } from './ending.ts';
import type { TurnResponse } from './messages.ts';
import type { RunActivities } from './ports.ts';
import { ATTRIBUTES, attributesAtStart } from './search-attributes.ts';

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
      { summary: summaryOf(`Begin the verification of turn ${attempt}`) },
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
  context.outcome = outcome;
  return outcome;
}

/** A stop ends the wait at once; the child is told and ends on its own. */
async function runChild(
  context: RunContext,
  verification: VerificationInput,
): Promise<VerificationOutcome> {
  const { harness_input } = verification;
  const [command = ''] = harness_input.harness.commands;
  const scope = new CancellationScope();
  let outcome: VerificationOutcome | null = null;
  let failure: unknown = null;
  void scope
    .run(() =>
      executeChild<(input: VerificationInput) => Promise<VerificationOutcome>>(
        VERIFICATION_WORKFLOW_TYPE,
        {
          args: [verification],
          workflowId: verificationWorkflowId(harness_input.verification_id),
          parentClosePolicy: ParentClosePolicy.REQUEST_CANCEL,
          cancellationType: ChildWorkflowCancellationType.TRY_CANCEL,
          typedSearchAttributes: attributesAtStart(context.input).filter(
            ({ key }) => key !== ATTRIBUTES.state,
          ),
          staticSummary: summaryOf(`Verify the patch of turn ${harness_input.attempt}: ${command}`),
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
