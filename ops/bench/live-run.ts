import { setTimeout as delay } from 'node:timers/promises';
import type { Operator } from '../testing/operator.ts';

const POLL_MS = 100;
const POLLS_MAX = 300;

/** A run whose agent works until it is ended. */
export async function startLongRun(operator: Operator, workerId = ''): Promise<string> {
  const { run_id } = await operator.call<{ run_id: string }>('runtime', 'POST', '/v1/runs', {
    spec: {
      objective: 'stay until the bench is over',
      work_unit: 'agent_task',
      agent: { driver: 'command', command: ['sleep', '600'] },
      ...(workerId && { worker: { worker_id: workerId } }),
    },
  });
  return run_id;
}

/** Until a worker holds the run's turn. */
export async function untilExecuting(operator: Operator, runId: string): Promise<void> {
  for (let poll = 0; poll < POLLS_MAX; poll += 1) {
    const { run } = await operator.call<{ run: { phase: string } }>(
      'runtime',
      'GET',
      `/v1/runs/${runId}`,
    );
    if (run.phase === 'executing') return;
    await delay(POLL_MS);
  }
  throw new Error('the run did not begin to execute');
}
