/** Workflow `verification/{verification_id}`: one harness over one patch, and the signed record of what it showed. */
import { proxyActivities, setCurrentDetails, setWorkflowOptions } from '@temporalio/workflow';
import { ACTIVITY_TIMEOUTS_MS, HARNESS_ATTEMPTS_MAX, TASK_QUEUES } from '#temporal.config';
import { RECORD } from '../shared/activity-options.ts';
import { summaryOf } from '../shared/summary.ts';
import type { VerificationInput, VerificationOutcome } from './messages.ts';
import type { HarnessActivities, VerificationRecordActivities } from './ports.ts';

const records = proxyActivities<VerificationRecordActivities>(RECORD);

/** Where the spec names none: a test suite that needs longer says so. */
const HARNESS_TIMEOUT_S_DEFAULT = 600;

/** Setup and harness at the base; setup after the patch, and the harness twice. */
const STAGES = 5;

setWorkflowOptions({ versioningBehavior: 'PINNED' }, verification);
export async function verification(input: VerificationInput): Promise<VerificationOutcome> {
  const { harness_input } = input;
  const { verification_id, attempt, harness } = harness_input;
  const commands = harness.commands.map((command) => `\`${command.replaceAll('`', "'")}\``);
  const about = `Attempt ${attempt} of \`${input.run_id}\`, tier O: ${commands.join(', ')}`;
  setCurrentDetails(`${about}\n\n- Waits for the verifier (queue \`${TASK_QUEUES.verification}\`)`);
  const timeoutS = harness.timeout_s || HARNESS_TIMEOUT_S_DEFAULT;
  const verifier = proxyActivities<HarnessActivities>({
    taskQueue: TASK_QUEUES.verification,
    startToCloseTimeout: timeoutS * STAGES * 1000 + ACTIVITY_TIMEOUTS_MS.harnessOverhead,
    heartbeatTimeout: ACTIVITY_TIMEOUTS_MS.harnessHeartbeat,
    retry: { initialInterval: 1_000, maximumAttempts: HARNESS_ATTEMPTS_MAX },
  });
  const result = await verifier.runHarness.executeWithOptions(
    {
      summary: summaryOf(
        `Run the harness on a fresh clone, attempt ${attempt}: ${harness.commands[0]}`,
      ),
    },
    [harness_input],
  );
  const receipt = await records.recordVerification.executeWithOptions(
    { summary: summaryOf(`Sign the verdict: ${result.verdict}`) },
    [{ ...input, result }],
  );
  setCurrentDetails(`${about}\n\n- **${result.verdict}** ${result.strength}: ${result.reason}`);
  return {
    verification_id,
    verdict: result.verdict,
    strength: result.strength,
    reason: result.reason,
    feedback: result.feedback,
    sandboxed: result.isolation.sandboxed,
    protected_paths_touched: result.protected_paths_touched,
    receipt,
  };
}
