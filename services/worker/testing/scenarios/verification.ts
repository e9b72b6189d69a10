/** What a verifier says, and what the run makes of it. */
import { patchSpec } from '../runs.ts';
import { completeTurn, type Scenario } from './stage.ts';

export const VERIFICATION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'failure-verifier-broken',
    spec: patchSpec('broken'),
    act: completeTurn,
    ends: {
      status: 'failed',
      reason_class: 'failed',
      reason: 'the verification could not be carried out: the repository could not be cloned',
    },
  },
  {
    name: 'failure-nothing-changed',
    spec: patchSpec('accept', { limits: { wall_s_max: 60, turns_max: 1, output_bytes_max: '0' } }),
    async act({ agent }) {
      await agent.completeTurn(await agent.request('turn/start'), { patch: null });
    },
    ends: {
      status: 'failed',
      reason_class: 'verification_failed',
      reason: 'the agent changed nothing (exit code 0)',
    },
  },
  {
    name: 'verification-failed',
    spec: patchSpec('reject'),
    async act(stage) {
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: {
      status: 'failed',
      reason_class: 'verification_failed',
      reason: 'rejected: a command exits 1',
    },
  },
  {
    name: 'verification-flaky',
    spec: patchSpec('flaky'),
    async act(stage) {
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: {
      status: 'failed',
      reason_class: 'verification_failed',
      reason: 'flaky: two runs of the same patch differ',
    },
  },
];
