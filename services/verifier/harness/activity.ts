import { ApplicationFailure, Context } from '@temporalio/activity';
import { type FaultPoints, NO_FAULTS } from '#proto/fault-points.ts';
import type {
  HarnessActivities,
  HarnessInput,
  HarnessResult,
} from '#workflows/verification/ports.ts';
import { ArtifactMismatchError } from './artifacts.ts';
import { type HarnessDeps, runHarness } from './run-harness.ts';

/** Well under the workflow's heartbeat timeout of half a minute; also how soon a cancellation arrives. */
const HEARTBEAT_MS = 1_000;

export type HarnessObserver = (
  input: HarnessInput,
  work: () => Promise<HarnessResult>,
) => Promise<HarnessResult>;

/**
 * The one activity of queue `verification`. Cancelled by the workflow, it kills what runs and leaves nothing. Reaches a
 * fault point at each stage of the harness, and `result` when the verdict is known here alone.
 */
export function createHarnessActivities(
  deps: HarnessDeps,
  observe: HarnessObserver,
  faults: FaultPoints = NO_FAULTS,
): HarnessActivities {
  return {
    async runHarness(input) {
      const context = Context.current();
      let stage = 'prepare';
      const beat = setInterval(() => context.heartbeat({ stage }), HEARTBEAT_MS);
      try {
        const result = await observe(input, () =>
          runHarness(deps, input, {
            signal: context.cancellationSignal,
            onStage: (name) => {
              stage = name;
              context.heartbeat({ stage });
              faults.reach(name);
            },
          }),
        );
        faults.reach('result');
        return result;
      } catch (error) {
        if (!(error instanceof ArtifactMismatchError)) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.name);
      } finally {
        clearInterval(beat);
      }
    },
  };
}
