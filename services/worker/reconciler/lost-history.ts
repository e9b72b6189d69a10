import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { LostHistory } from '#activities/run/reconcile.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';

/** How the history of an open run ended; null while it goes on. A run that ended in order is not open. */
export async function findLostHistory(client: Client, runId: string): Promise<LostHistory | null> {
  const workflow_id = runWorkflowId(runId);
  const description = await describe(client, workflow_id);
  if (!description) {
    return { run_id: runId, workflow_status: 'missing', workflow_run_id: '', reason: '' };
  }
  const workflow_status = statusOf(description);
  if (!workflow_status) return null;
  const workflow_run_id = description.runId;
  const reason =
    workflow_status === 'reset'
      ? 'somebody reset the workflow'
      : await closingWords(client, workflow_id, workflow_run_id);
  return { run_id: runId, workflow_status, workflow_run_id, reason };
}

async function describe(
  client: Client,
  workflowId: string,
): Promise<WorkflowExecutionDescription | null> {
  try {
    return await client.workflow.getHandle(workflowId).describe();
  } catch (error) {
    // A namespace that is not there says nothing about a run, and is another error.
    if (error instanceof WorkflowNotFoundError) return null;
    throw error;
  }
}

function statusOf({
  status,
  raw,
}: WorkflowExecutionDescription): LostHistory['workflow_status'] | null {
  switch (status.name) {
    case 'TERMINATED':
      return 'terminated';
    case 'FAILED':
      return 'failed';
    case 'COMPLETED':
      return 'completed';
    case 'TIMED_OUT':
      return 'timed_out';
    case 'CANCELLED':
      return 'canceled';
    default:
      // Its memory is that of an earlier moment, while the log stands where it stood.
      return raw.workflowExtendedInfo?.lastResetTime ? 'reset' : null;
  }
}

const CLOSE_EVENT = 2;
const WORDS_LENGTH_MAX = 300;

/** Who ended it and why, from the event that closed it. */
async function closingWords(client: Client, workflowId: string, runId: string): Promise<string> {
  const { history } = await client.workflowService.getWorkflowExecutionHistory({
    namespace: client.options.namespace,
    execution: { workflowId, runId },
    historyEventFilterType: CLOSE_EVENT,
  });
  const last = history?.events?.at(-1);
  const terminated = last?.workflowExecutionTerminatedEventAttributes;
  const failure = last?.workflowExecutionFailedEventAttributes?.failure;
  const words = terminated
    ? [terminated.reason, terminated.identity && `by ${terminated.identity}`]
    : [failure?.cause?.message ?? failure?.message];
  return words.filter(Boolean).join(', ').slice(0, WORDS_LENGTH_MAX);
}
