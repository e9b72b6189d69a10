/**
 * What can happen to a run, each acted out on real parts by a scripted agent. The tests check the ending, the recorder
 * keeps the history. A new area is a file beside this one and a line in the list.
 */
import { AGENT_APPROVAL_SCENARIOS } from './agent-approvals.ts';
import { APPROVAL_SCENARIOS } from './approval.ts';
import { CANCEL_SCENARIOS } from './cancel.ts';
import { CONTINUED_SCENARIOS } from './continued.ts';
import { CONVERSATION_SCENARIOS } from './conversation.ts';
import { FAILURE_SCENARIOS } from './failure.ts';
import { LIMITS_SCENARIOS } from './limits.ts';
import { LOOP_SCENARIOS } from './loop.ts';
import { RECOVERY_SCENARIOS } from './recovery.ts';
import type { Scenario } from './stage.ts';
import { SUCCESS_SCENARIOS } from './success.ts';
import { VERIFICATION_SCENARIOS } from './verification.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...SUCCESS_SCENARIOS,
  ...APPROVAL_SCENARIOS,
  ...AGENT_APPROVAL_SCENARIOS,
  ...CONVERSATION_SCENARIOS,
  ...VERIFICATION_SCENARIOS,
  ...FAILURE_SCENARIOS,
  ...LIMITS_SCENARIOS,
  ...CANCEL_SCENARIOS,
  ...RECOVERY_SCENARIOS,
  ...LOOP_SCENARIOS,
  ...CONTINUED_SCENARIOS,
];
