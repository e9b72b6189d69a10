/** How a run begins in Temporal: one set of options for whoever starts one, so that what the workflow relies on is there. */
import { TASK_QUEUES } from '#temporal.config';
import { summaryOf } from '../shared/summary.ts';
import { describeStart } from './details.ts';
import { type RunInput, runWorkflowId } from './messages.ts';
import { attributesAtStart } from './search-attributes.ts';

/**
 * What a start promises to its workflow. A run without a version began before there was one.
 *
 * - 2: the start itself sets the search attributes, which saves the workflow an event.
 */
export const RUN_INPUT_VERSION = 2;

export function runStartOptions(input: RunInput) {
  const { spec, thread_id } = input;
  const [line = ''] = spec.objective.trim().split('\n', 1);
  return {
    workflowId: runWorkflowId(input.run_id),
    taskQueue: TASK_QUEUES.runtime,
    args: [{ ...input, version: RUN_INPUT_VERSION }] as [RunInput],
    workflowIdConflictPolicy: 'USE_EXISTING' as const,
    workflowIdReusePolicy: 'REJECT_DUPLICATE' as const,
    typedSearchAttributes: attributesAtStart(input),
    memo: { thread_id, repository: spec.repo?.source ?? '', driver: spec.agent?.driver ?? '' },
    staticSummary: summaryOf(line),
    staticDetails: describeStart(input),
  };
}
