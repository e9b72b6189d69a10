/** Executors that are lost in the middle of a turn. */
import { patchSpec, taskSpec } from '../runs.ts';
import { startAgent } from '../scripted-agent.ts';
import { completeTurn, reaches, type Scenario } from './stage.ts';

export const RECOVERY_SCENARIOS: readonly Scenario[] = [
  {
    name: 'recovered-lease-expired',
    spec: patchSpec('accept'),
    async act(stage) {
      await stage.agent.request('turn/start');
      await reaches(stage, 'executing');
      const second = await startAgent(stage.lab, stage.owner);
      await stage.agent.vanish();
      await second.completeTurn(await second.request('turn/start'));
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'recovered-host-restarted',
    spec: patchSpec('accept'),
    async act(stage) {
      const error = { code: 'interrupted', message: 'the host was restarted', retryable: true };
      await stage.agent.answer(await stage.agent.request('turn/start'), { ok: false, ...error });
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'recovery-exhausted',
    spec: taskSpec(),
    async act({ agent }) {
      const error = { code: 'interrupted', message: 'the host was restarted', retryable: true };
      for (let loss = 1; loss <= 4; loss += 1) {
        await agent.answer(await agent.request('turn/start'), { ok: false, ...error });
      }
    },
    ends: { status: 'failed', reason_class: 'executor_recovery_exhausted' },
  },
];
