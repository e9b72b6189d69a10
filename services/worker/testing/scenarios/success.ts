/** Runs that end well, however their news arrives. */
import { runWorkflowId, workerReceiptSignal } from '#workflows/run/messages.ts';
import { patchSpec, taskSpec } from '../runs.ts';
import { startAgent } from '../scripted-agent.ts';
import { completeTurn, reaches, type Scenario } from './stage.ts';

export const SUCCESS_SCENARIOS: readonly Scenario[] = [
  {
    name: 'success-verified-patch',
    spec: patchSpec('accept'),
    act: completeTurn,
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-second-attempt',
    spec: patchSpec('accept-second'),
    async act(stage) {
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-agent-task',
    spec: taskSpec(),
    async act({ agent }) {
      const request = await agent.request('turn/start');
      await agent.completeTurn(request, { patch: null, repo_bundle: null });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-signal-lost',
    spec: taskSpec(),
    async act({ agent }) {
      const request = await agent.request('turn/start');
      const response = { status: 'completed', exit_code: 0, patch: null, output: null };
      await agent.answer(request, { ok: true, response }, { signal: false });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-receipt-signalled-twice',
    spec: patchSpec('accept'),
    async act({ agent, input, lab }) {
      const request = await agent.request('turn/start');
      const { worker_id, request_id } = request;
      await agent.completeTurn(request);
      const late = { code: 'late', message: 'a second answer' };
      await lab.client.workflow
        .getHandle(runWorkflowId(input.run_id))
        .signal(workerReceiptSignal, { worker_id, request_id, ok: false, error: late });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-waited-for-a-worker',
    spec: taskSpec(),
    withAgent: false,
    async act(stage) {
      await reaches(stage, 'dispatching');
      const agent = await startAgent(stage.lab, stage.owner);
      const request = await agent.request('turn/start');
      await agent.completeTurn(request, { patch: null, repo_bundle: null });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
];
