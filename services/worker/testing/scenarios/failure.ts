/** Runs that end badly by no fault of the verifier: the agent, its worker or the policy at create. */
import { patchSpec, taskSpec } from '../runs.ts';
import type { Scenario } from './stage.ts';

export const FAILURE_SCENARIOS: readonly Scenario[] = [
  {
    name: 'failure-exit-code',
    spec: taskSpec(),
    async act({ agent }) {
      const request = await agent.request('turn/start');
      await agent.completeTurn(request, { status: 'failed', exit_code: 3, patch: null });
    },
    ends: { status: 'failed', reason_class: 'failed', reason: 'the agent ended with exit code 3' },
  },
  {
    name: 'failure-worker-error',
    spec: patchSpec('accept'),
    async act({ agent }) {
      const error = { code: 'repo_unusable', message: './repo is not a git repository' };
      await agent.answer(await agent.request('turn/start'), { ok: false, ...error });
    },
    ends: {
      status: 'failed',
      reason_class: 'failed',
      reason: 'repo_unusable: ./repo is not a git repository',
    },
  },
  {
    name: 'denied-full-access',
    spec: taskSpec({
      agent: {
        driver: 'codex',
        model: '',
        prompt: '',
        command: [],
        approval_policy: '',
        sandbox: 'full_access',
      },
    }),
    act: async () => {},
    ends: {
      status: 'failed',
      reason_class: 'policy_denied',
      reason: 'the spec asks for an agent without a sandbox',
    },
  },
];
