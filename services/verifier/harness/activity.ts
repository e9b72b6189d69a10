import { ApplicationFailure, Context } from '@temporalio/activity';
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

/** The one activity of queue `verification`. Cancelled by the workflow, it kills what runs and leaves nothing. */
export function createHarnessActivities(
  deps: HarnessDeps,
  observe: HarnessObserver,
): HarnessActivities {
  return {
    async runHarness(input) {
      const context = Context.current();
      let stage = 'prepare';
      const beat = setInterval(() => context.heartbeat({ stage }), HEARTBEAT_MS);
      try {
        return await observe(input, () =>
          runHarness(deps, input, {
            signal: context.cancellationSignal,
            onStage: (name) => {
              stage = name;
              context.heartbeat({ stage });
            },
          }),
        );
      } catch (error) {
        if (!(error instanceof ArtifactMismatchError)) throw error;
        throw ApplicationFailure.nonRetryable(error.message, error.name);
      } finally {
        clearInterval(beat);
      }
    },
  };
}
