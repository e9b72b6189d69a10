/** By what an operator finds a run in Temporal. */
import { defineSearchAttributeKey, type SearchAttributePair } from '@temporalio/common';
import type { RunInput } from './messages.ts';
import { INITIAL_RUN_STATE, type RunState } from './state.ts';

export const ATTRIBUTES = {
  runId: defineSearchAttributeKey('OaRunId', 'KEYWORD'),
  owner: defineSearchAttributeKey('OaOwner', 'KEYWORD'),
  org: defineSearchAttributeKey('OaOrg', 'KEYWORD'),
  state: defineSearchAttributeKey('OaRunState', 'KEYWORD'),
  workUnit: defineSearchAttributeKey('OaWorkUnit', 'KEYWORD'),
  tier: defineSearchAttributeKey('OaTier', 'KEYWORD'),
};

/** A phase is shown while the run is running: what an operator filters by. */
export function stateText({ status, phase }: RunState): string {
  return phase && status === 'running' ? `running/${phase}` : status;
}

/** What is known of a run before it begins, or begins anew; empty values are left out. */
export function attributesAtStart(
  input: RunInput,
  state: RunState = INITIAL_RUN_STATE,
): SearchAttributePair[] {
  const { spec, owner } = input;
  const pairs = [
    { key: ATTRIBUTES.runId, value: input.run_id },
    { key: ATTRIBUTES.owner, value: owner.user_id ?? owner.guest_scope ?? '' },
    { key: ATTRIBUTES.org, value: input.org_id },
    { key: ATTRIBUTES.workUnit, value: spec.work_unit },
    { key: ATTRIBUTES.tier, value: spec.verification?.harness ? 'O' : '' },
    { key: ATTRIBUTES.state, value: stateText(state) },
  ];
  return pairs.filter(({ value }) => value !== '');
}
