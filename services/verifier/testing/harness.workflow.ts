import { proxyActivities } from '@temporalio/workflow';
import type {
  HarnessActivities,
  HarnessInput,
  HarnessResult,
} from '#workflows/verification/ports.ts';

const { runHarness } = proxyActivities<HarnessActivities>({
  taskQueue: 'verification',
  startToCloseTimeout: '2 minutes',
  heartbeatTimeout: '10 seconds',
  cancellationType: 'WAIT_CANCELLATION_COMPLETED',
  retry: { initialInterval: '100 ms', maximumAttempts: 3 },
});

export async function harness(input: HarnessInput): Promise<HarnessResult> {
  return runHarness(input);
}
