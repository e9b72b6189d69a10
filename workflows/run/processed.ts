/**
 * Updates that were answered before, also in a history of this run that has ended: Temporal knows the ids of one history
 * only, and a caller who heard no answer repeats its key.
 *
 * 1. A repeated id gets the first answer and takes no second step.
 * 2. While a history ends no update begins in it; the caller is told to ask again and meets the next one.
 */
import type { UpdateDefinition } from '@temporalio/common';
import { currentUpdateInfo, setHandler } from '@temporalio/workflow';
import { refuse } from '../shared/failures.ts';
import type { ProcessedUpdate, RunContext } from './context.ts';

/** A caller repeats a command within seconds; these cover a burst of them and stay about 32 KiB. */
export const PROCESSED_UPDATES_MAX = 128;

export interface AnsweredUpdate<Result, Args extends unknown[]> {
  /** For whoever reads the history. */
  description: string;
  /** Throws what refuses the update; it is then in no history. */
  validate(...args: Args): void;
  answer(...args: Args): Promise<Result>;
}

/** Registers an update that is carried out once, whatever histories its repetitions meet. */
export function answerOnce<Result, Args extends unknown[]>(
  context: RunContext,
  update: UpdateDefinition<Result, Args>,
  { description, validate, answer }: AnsweredUpdate<Result, Args>,
): void {
  async function handler(...args: Args): Promise<Result> {
    // The same answer that a handler of this type gave, through JSON.
    const earlier = findProcessed(context);
    if (earlier) return earlier.result as Result;
    const update_id = currentUpdateInfo()?.id ?? '';
    const result = await answer(...args);
    context.processed = [...context.processed, { update_id, result }].slice(-PROCESSED_UPDATES_MAX);
    return result;
  }
  function validator(...args: Args): void {
    if (findProcessed(context)) return;
    if (context.isEnding) throw refuse('historyEnding', 'the run goes on in a new history');
    validate(...args);
  }
  setHandler(update, handler, { validator, description });
}

function findProcessed({ processed }: RunContext): ProcessedUpdate | undefined {
  const id = currentUpdateInfo()?.id;
  return processed.find(({ update_id }) => update_id === id);
}
