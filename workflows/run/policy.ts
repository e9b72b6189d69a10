/**
 * What a run may do, decided over the policy set in force: platform defaults, then the organisation's, then the run's. Pure.
 *
 * 1. Every evaluation is journaled as `policy.decided` with the hash of its inputs, so that a third party can repeat it.
 * 2. A later layer overrides an earlier one, rule by rule; a limit can only be lowered.
 */
import { hashCanonical, type JsonValue } from '#proto/canonical.ts';
import type { ReasonCode, RunSpec } from '#proto/gen/types.ts';
import { effectiveLimits, OUTPUT_BYTES_MAX, TURNS_MAX, WALL_S_MAX } from './limits.ts';

export type Ruling = 'allow' | 'deny' | 'ask';

export interface PolicyRules {
  drivers: string[];
  /** An agent without a sandbox. */
  full_access: Ruling;
  /** A Codex agent that never asks. */
  without_approvals: Ruling;
  /** Network while the harness is set up. */
  setup_egress: Ruling;
  /** A patch that edits tests, test configuration or CI: its judge. */
  protected_paths: Ruling;
  /** A patch in which the host saw what looks like a credential; it is never altered. */
  suspected_secrets: Ruling;
  /** What an agent asks for in its turn. */
  command_execution: Ruling;
  file_change: Ruling;
  permissions: Ruling;
  tool_input: Ruling;
  other: Ruling;
  /** What an unanswered approval means. */
  approval_timeout: 'approve' | 'deny';
  wall_s_max: number;
  turns_max: number;
  output_bytes_max: number;
}

export interface PolicyLayer {
  source: 'platform' | 'organisation' | 'run';
  rules: Partial<PolicyRules>;
}

export interface PolicySet {
  version: 1;
  layers: PolicyLayer[];
}

export const PLATFORM_RULES: PolicyRules = {
  drivers: ['codex', 'command'],
  full_access: 'deny',
  without_approvals: 'deny',
  setup_egress: 'allow',
  protected_paths: 'ask',
  suspected_secrets: 'ask',
  command_execution: 'ask',
  file_change: 'ask',
  permissions: 'ask',
  tool_input: 'ask',
  other: 'ask',
  approval_timeout: 'deny',
  wall_s_max: WALL_S_MAX,
  turns_max: TURNS_MAX,
  output_bytes_max: OUTPUT_BYTES_MAX,
};

export type PolicyReasonCode = Exclude<ReasonCode, ''>;

/** What an agent may ask for in its turn. */
export type AgentApprovalKind =
  | 'command_execution'
  | 'file_change'
  | 'permissions'
  | 'tool_input'
  | 'other';

export type ApprovalKind = 'protected_paths' | 'suspected_secrets' | AgentApprovalKind;

export type PolicyQuestion =
  | { point: 'create'; spec: RunSpec }
  | { point: 'dispatch'; turn: number; turns_max: number }
  | {
      point: 'approval';
      kind: ApprovalKind;
      found: string[];
      /** What a wider answer covers; absent where nobody asks for one. */
      rule_key?: string;
      /** An answer of this scope covers it. */
      granted?: 'run' | 'session';
    }
  | { point: 'finish'; kind: 'approval_answered'; approved: boolean; by: string }
  | { point: 'finish'; kind: 'output'; output_bytes: number; output_bytes_max: number };

export interface PolicyDecision {
  point: PolicyQuestion['point'];
  decision: Ruling;
  reason_code: PolicyReasonCode;
  policy_bundle_id: string;
  evaluation_hash: string;
  /** For people; not hashed. */
  explanation: string;
}

/** The set in force; absent layers are left out, so that the same rules have the same id. */
export function policySet(
  layers: { organisation?: Partial<PolicyRules>; run?: Partial<PolicyRules> } = {},
): PolicySet {
  return {
    version: 1,
    layers: [
      { source: 'platform', rules: PLATFORM_RULES },
      ...(layers.organisation
        ? [{ source: 'organisation' as const, rules: layers.organisation }]
        : []),
      ...(layers.run ? [{ source: 'run' as const, rules: layers.run }] : []),
    ],
  };
}

/** Names the set in events and receipts: its canonical hash. */
export function policyBundleId(policy: PolicySet): string {
  return hashCanonical(asJson(policy));
}

export function rulesInForce(policy: PolicySet): PolicyRules {
  let rules = PLATFORM_RULES;
  for (const { rules: layer } of policy.layers) {
    rules = {
      ...rules,
      ...layer,
      wall_s_max: Math.min(rules.wall_s_max, layer.wall_s_max ?? rules.wall_s_max),
      turns_max: Math.min(rules.turns_max, layer.turns_max ?? rules.turns_max),
      output_bytes_max: Math.min(
        rules.output_bytes_max,
        layer.output_bytes_max ?? rules.output_bytes_max,
      ),
    };
  }
  return rules;
}

export function decide(policy: PolicySet, question: PolicyQuestion): PolicyDecision {
  const finding = evaluate(rulesInForce(policy), question);
  const policy_bundle_id = policyBundleId(policy);
  const { decision, reason_code } = finding;
  const evaluation_hash = hashCanonical(
    asJson({ policy_bundle_id, question, decision, reason_code }),
    // A spec's metadata is the caller's own JSON.
    { floats: true },
  );
  return { point: question.point, ...finding, policy_bundle_id, evaluation_hash };
}

type Finding = Pick<PolicyDecision, 'decision' | 'reason_code' | 'explanation'>;

const ALLOWED: Finding = {
  decision: 'allow',
  reason_code: 'policy_allowed.default',
  explanation: 'no rule is against it',
};

function denied(explanation: string, reason_code: PolicyReasonCode): Finding {
  return { decision: 'deny', reason_code, explanation };
}

function incomplete(explanation: string): Finding {
  return denied(explanation, 'manifest_validation.invalid_schema');
}

function evaluate(rules: PolicyRules, question: PolicyQuestion): Finding {
  switch (question.point) {
    case 'create':
      return evaluateCreate(rules, question.spec);
    case 'dispatch': {
      const turnsMax = Math.min(question.turns_max, rules.turns_max);
      return question.turn <= turnsMax
        ? ALLOWED
        : denied(
            `turn ${question.turn} is beyond the ${turnsMax} turns the run may take`,
            'policy_denied.budget_exhausted',
          );
    }
    case 'approval':
      return evaluateApproval(rules, question);
    case 'finish':
      return evaluateFinish(rules, question);
  }
}

/** An earlier answer never reaches beyond what the rules allow to ask for. */
function evaluateApproval(
  rules: PolicyRules,
  { kind, found, granted }: Extract<PolicyQuestion, { point: 'approval' }>,
): Finding {
  const ruling = rules[kind];
  if (granted && ruling === 'ask') {
    return { ...ALLOWED, explanation: `approved before, for this ${GRANTED[granted]}` };
  }
  const what = found.length > 0 ? `: ${listed(found)}` : '';
  return ruled(ruling, `${APPROVAL_REASONS[kind]}${what}`);
}

const GRANTED = { run: 'run', session: 'thread' } as const;

function evaluateCreate(rules: PolicyRules, spec: RunSpec): Finding {
  const { agent, verification } = spec;
  if (!agent) return incomplete('the spec names no agent');
  if (spec.work_unit === 'verified_patch_bundle') {
    if (!spec.repo) return incomplete('a verified patch bundle needs a repository');
    if (!verification?.harness) return incomplete('a verified patch bundle needs a harness');
  }
  if (!rules.drivers.includes(agent.driver)) {
    return denied(
      `agents of driver ${agent.driver} are not allowed`,
      'policy_denied.explicit_deny',
    );
  }
  const limits = effectiveLimits(spec);
  if (limits.wall_s_max > rules.wall_s_max) {
    return denied(
      `${limits.wall_s_max} s of wall clock exceed the ${rules.wall_s_max} s allowed`,
      'policy_denied.budget_exhausted',
    );
  }
  if (limits.output_bytes_max > rules.output_bytes_max) {
    return denied(
      `${limits.output_bytes_max} bytes of output exceed the ${rules.output_bytes_max} allowed`,
      'policy_denied.budget_exhausted',
    );
  }
  const asks: [boolean, Ruling, string][] = [
    [agent.sandbox === 'full_access', rules.full_access, 'an agent without a sandbox'],
    [
      agent.driver === 'codex' && agent.approval_policy === 'never',
      rules.without_approvals,
      'an agent that never asks for approval',
    ],
    [
      verification?.harness?.setup?.network === 'egress',
      rules.setup_egress,
      'network while the harness is set up',
    ],
  ];
  const against = asks.find(([wanted, ruling]) => wanted && ruling !== 'allow');
  return against ? ruled(against[1], `the spec asks for ${against[2]}`) : ALLOWED;
}

function evaluateFinish(
  rules: PolicyRules,
  question: Extract<PolicyQuestion, { point: 'finish' }>,
): Finding {
  if (question.kind === 'output') {
    const bytesMax = Math.min(question.output_bytes_max, rules.output_bytes_max);
    return question.output_bytes <= bytesMax
      ? ALLOWED
      : denied(
          `the turn produced ${question.output_bytes} bytes, ${bytesMax} are allowed`,
          'policy_denied.budget_exhausted',
        );
  }
  return question.approved
    ? { ...ALLOWED, explanation: `approved by ${question.by}` }
    : denied(`denied by ${question.by}`, 'policy_denied.consent_required');
}

function ruled(ruling: Ruling, explanation: string): Finding {
  switch (ruling) {
    case 'allow':
      return { ...ALLOWED, explanation };
    case 'ask':
      return { decision: 'ask', reason_code: 'policy_denied.consent_required', explanation };
    case 'deny':
      return denied(explanation, 'policy_denied.explicit_deny');
  }
}

const APPROVAL_REASONS: Record<ApprovalKind, string> = {
  protected_paths: 'the patch edits what judges it',
  suspected_secrets: 'the patch seems to hold a secret',
  command_execution: 'the agent asks to run a command',
  file_change: 'the agent asks to change files',
  permissions: 'the agent asks for more rights',
  tool_input: 'the agent asks for input',
  other: 'the agent asks for approval',
};

const FOUND_SHOWN = 5;

function listed(found: string[]): string {
  const rest = found.length - FOUND_SHOWN;
  return found.slice(0, FOUND_SHOWN).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}

/** Specs and policies come from JSON and hold nothing else; `undefined` members are dropped. */
function asJson(value: object): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
