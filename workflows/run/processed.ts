/**
 * Updates that were answered before, also in a history of this run that has ended: Temporal knows the ids of one history
 * only, and a caller who heard no answer repeats its key.
 *
 * 1. A repeated id gets the first answer and takes no second step.
 * 2. While a history ends no update begins in it; the caller is told to ask again and meets the next one.
 */
import { currentUpdateInfo } from '@temporalio/workflow';
import { refuse } from '../shared/failures.ts';
import type { ProcessedUpdate, RunContext } from './context.ts';

/** A caller repeats a command within seconds; these cover a burst of them and stay about 32 KiB. */
export const PROCESSED_UPDATES_MAX = 128;

type UpdateHandler<Result, Args extends unknown[]> = (...args: Args) => Promise<Result>;

/** Validator and handler of an update that is carried out once, whatever histories its repetitions meet. */
export function answeredOnce<Result, Args extends unknown[]>(
  context: RunContext,
  validate: (...args: Args) => void,
  handle: UpdateHandler<Result, Args>,
): { validator: (...args: Args) => void; handler: UpdateHandler<Result, Args> } {
  return {
    validator(...args) {
      if (findProcessed(context)) return;
      if (context.isEnding) throw refuse('historyEnding', 'the run goes on in a new history');
      validate(...args);
    },
    async handler(...args) {
      // The same answer that a handler of this type gave, through JSON.
      const earlier = findProcessed(context);
      if (earlier) return earlier.result as Result;
      const update_id = currentUpdateInfo()?.id ?? '';
      const result = await handle(...args);
      context.processed = [...context.processed, { update_id, result }].slice(
        -PROCESSED_UPDATES_MAX,
      );
      return result;
    },
  };
}

function findProcessed({ processed }: RunContext): ProcessedUpdate | undefined {
  const id = currentUpdateInfo()?.id;
  return processed.find(({ update_id }) => update_id === id);
}
