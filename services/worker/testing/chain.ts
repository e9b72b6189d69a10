/** The histories of one run, from its first to its last. */
import type { Lab } from './lab.ts';
import type { RunHandle } from './runs.ts';

/** How many events each of them has. */
export async function historyLengths(lab: Lab, handle: RunHandle): Promise<number[]> {
  const { raw } = await handle.describe();
  const lengths: number[] = [];
  let runId = raw.workflowExecutionInfo?.firstRunId;
  while (runId) {
    const history = await lab.client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
    const last = history.events?.at(-1);
    lengths.push(Number(last?.eventId));
    runId = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return lengths;
}
