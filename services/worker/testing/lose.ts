/** Temporal forgets a workflow, as it would with its whole database. */
import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Lab } from './lab.ts';

const POLL_MS = 20;
const FORGOTTEN_WITHIN_MS = 20_000;

export async function loseHistory(lab: Lab, workflowId: string): Promise<void> {
  await lab.client.workflowService.deleteWorkflowExecution({
    namespace: lab.namespace,
    workflowExecution: { workflowId },
  });
  const deadlineMs = Date.now() + FORGOTTEN_WITHIN_MS;
  while (await isKnown(lab, workflowId)) {
    if (Date.now() > deadlineMs) throw new Error(`${workflowId} is still known`);
    await delay(POLL_MS);
  }
}

async function isKnown(lab: Lab, workflowId: string): Promise<boolean> {
  try {
    await lab.client.workflow.getHandle(workflowId).describe();
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
