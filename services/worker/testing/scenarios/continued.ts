/** Runs that outgrow a history and go on in a new one. */
import { setTimeout as delay } from 'node:timers/promises';
import { workerAvailableSignal } from '#workflows/run/messages.ts';
import { patchSpec } from '../runs.ts';
import { completeTurn, type Scenario, type Stage } from './stage.ts';

/** With what the turn itself costs, beyond the mark between two turns and short of the one within a turn. */
const SIGNALS_BETWEEN_TURNS = 500;
/** Beyond the mark within a turn. */
const SIGNALS_WITHIN_TURN = 1_030;
/** The server keeps 100 for a workflow task that is under way, and repeats the task beyond. */
const BURST = 50;
const CONTINUES_WITHIN_MS = 30_000;
const POLL_MS = 50;

async function signal({ handle, agent }: Stage, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent += BURST) {
    const burst = Array.from({ length: Math.min(BURST, count - sent) }, () =>
      handle.signal(workerAvailableSignal, { worker_id: agent.worker_id }),
    );
    await Promise.all(burst);
  }
}

/** A history that ends while signals arrive is repeated by the server until none does. */
async function continued({ handle }: Stage): Promise<void> {
  const deadlineMs = Date.now() + CONTINUES_WITHIN_MS;
  for (;;) {
    const { runId, raw } = await handle.describe();
    if (runId !== raw.workflowExecutionInfo?.firstRunId) return;
    if (Date.now() > deadlineMs) throw new Error('the run never went on in a new history');
    await delay(POLL_MS);
  }
}

export const CONTINUED_SCENARIOS: readonly Scenario[] = [
  {
    name: 'continued-between-turns',
    spec: patchSpec('accept-second'),
    async act(stage) {
      const request = await stage.agent.request('turn/start');
      await signal(stage, SIGNALS_BETWEEN_TURNS);
      await stage.agent.completeTurn(request);
      await continued(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'continued-within-a-turn',
    spec: patchSpec('accept'),
    async act(stage) {
      const request = await stage.agent.request('turn/start');
      await signal(stage, SIGNALS_WITHIN_TURN);
      await continued(stage);
      await stage.agent.completeTurn(request);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
];
