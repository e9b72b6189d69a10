/** Runs that meet a limit of their spec. */
import { patchSpec, taskSpec } from '../runs.ts';
import { completeTurn, type Scenario } from './stage.ts';

export const LIMITS_SCENARIOS: readonly Scenario[] = [
  {
    name: 'denied-output-limit',
    spec: patchSpec('accept', {
      limits: { wall_s_max: 60, turns_max: 2, output_bytes_max: '10' },
    }),
    act: completeTurn,
    ends: { status: 'failed', reason_class: 'policy_denied' },
  },
  {
    name: 'timeout-executing',
    spec: patchSpec('accept', { limits: { wall_s_max: 1, turns_max: 1, output_bytes_max: '0' } }),
    async act({ agent }) {
      await agent.request('turn/start');
    },
    ends: { status: 'failed', reason_class: 'timeout' },
  },
  {
    name: 'timeout-without-a-worker',
    spec: taskSpec({ limits: { wall_s_max: 1, turns_max: 1, output_bytes_max: '0' } }),
    withAgent: false,
    act: async () => {},
    ends: { status: 'failed', reason_class: 'timeout' },
  },
];
