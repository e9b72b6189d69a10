import { sleep, upsertSearchAttributes } from '@temporalio/workflow';
import { type ContinuableInput, restore } from './carry.ts';
import { newContext, type RunContext, showDetails } from './context.ts';
import { attributesAtStart } from './search-attributes.ts';

/** A run at the begin of a history: its first, or one that goes on with what the last one carried. */
export function openRun({ carried, ...input }: ContinuableInput): RunContext {
  const context = carried ? restore(newContext(input), carried) : newContext(input);
  const { deadlineMs, limits } = context;
  // Later starts set them before the workflow begins, and a new history inherits them.
  if (!input.version && !carried) upsertSearchAttributes(attributesAtStart(input));
  void sleep(Math.max(1, deadlineMs - Date.now()), {
    summary: `Wall clock of the run: ${limits.wall_s_max} s`,
  }).then(() => {
    context.wallClockEnded = true;
  });
  showDetails(context);
  return context;
}
