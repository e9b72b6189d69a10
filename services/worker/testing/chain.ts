/** The histories of one run, from its first to its last. */
import type { temporal } from '@temporalio/proto';
import type { Lab } from './lab.ts';

type History = temporal.api.history.v1.IHistory;

export async function historiesOf(lab: Lab, workflowId: string): Promise<History[]> {
  const { raw } = await lab.client.workflow.getHandle(workflowId).describe();
  const histories: History[] = [];
  let runId = raw.workflowExecutionInfo?.firstRunId;
  while (runId) {
    const history = await lab.client.workflow.getHandle(workflowId, runId).fetchHistory();
    histories.push(history);
    const last = history.events?.at(-1);
    runId = last?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return histories;
}

/** How many events each of them has. */
export async function historyLengths(
  lab: Lab,
  { workflowId }: { workflowId: string },
): Promise<number[]> {
  const histories = await historiesOf(lab, workflowId);
  return histories.map(({ events }) => Number(events?.at(-1)?.eventId));
}
