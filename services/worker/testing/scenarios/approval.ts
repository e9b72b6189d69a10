/** Patches that a person, or the policy in their place, has to answer for. */
import { patchSpec, SHORT_TIMINGS } from '../runs.ts';
import { answerApproval, completeTurn, type Scenario } from './stage.ts';

export const APPROVAL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'success-approved-test-edit',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await answerApproval(stage, 'approve');
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'denied-test-edit',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await answerApproval(stage, 'deny');
    },
    ends: { status: 'failed', reason_class: 'policy_denied' },
  },
  {
    name: 'denied-approval-expired',
    spec: patchSpec('touches-tests'),
    change: { timings: { ...SHORT_TIMINGS, approval_timeout_ms: 300 } },
    act: completeTurn,
    ends: { status: 'failed', reason_class: 'policy_denied' },
  },
];
