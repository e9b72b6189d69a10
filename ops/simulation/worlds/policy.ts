/**
 * Policy sets of some layers, and questions to them.
 *
 * 1. The same set and the same question give the same decision and the same hash, wherever they were read from.
 * 2. A layer overrides the rules that it names and no others; a limit it can only lower.
 * 3. What asks for less than was allowed is allowed: turns and output are judged by a threshold.
 * 4. Every refusal has a reason code of its own, and no other decision has one of those.
 */
import {
  decide,
  PLATFORM_RULES,
  type PolicyLayer,
  type PolicyQuestion,
  type PolicyRules,
  type PolicySet,
  policyBundleId,
  rulesInForce,
} from '#workflows/run/policy.ts';
import type { Random } from '../random.ts';
import { must, mustEqual, type World } from '../world.ts';

export interface PolicyParts {
  decide: typeof decide;
  rulesInForce: typeof rulesInForce;
}

const LIMITS = ['wall_s_max', 'turns_max', 'output_bytes_max'] as const;
const RULINGS = ['allow', 'deny', 'ask'] as const;

export function policyWorld(parts: PolicyParts = { decide, rulesInForce }): World {
  return {
    name: 'policy',
    share: 10,
    play(random) {
      const policy = policyOf(random);
      for (let count = 1 + random.below(4); count > 0; count -= 1) {
        const question = questionOf(random);
        checkDecision(parts, random, policy, question);
        checkThreshold(parts, policy, question);
      }
      checkLayers(parts, random, policy);
    },
  };
}

function policyOf(random: Random): PolicySet {
  const layers: PolicyLayer[] = [{ source: 'platform', rules: PLATFORM_RULES }];
  if (random.chance(0.6)) layers.push({ source: 'organisation', rules: rulesOf(random) });
  if (random.chance(0.6)) layers.push({ source: 'run', rules: rulesOf(random) });
  return { version: 1, layers };
}

function rulesOf(random: Random): Partial<PolicyRules> {
  const rules: Partial<PolicyRules> = {};
  if (random.chance(0.4)) rules.drivers = random.pick([['codex'], ['command'], []]);
  if (random.chance(0.4)) rules.full_access = random.pick(RULINGS);
  if (random.chance(0.4)) rules.protected_paths = random.pick(RULINGS);
  if (random.chance(0.4)) rules.suspected_secrets = random.pick(RULINGS);
  if (random.chance(0.4)) rules.approval_timeout = random.pick(['approve', 'deny']);
  for (const limit of LIMITS) {
    if (random.chance(0.4)) rules[limit] = 1 + random.below(2 * PLATFORM_RULES[limit]);
  }
  return rules;
}

function questionOf(random: Random): PolicyQuestion {
  switch (random.below(4)) {
    case 0: {
      const turns_max = 1 + random.below(1_500);
      return { point: 'dispatch', turn: near(random, turns_max), turns_max };
    }
    case 1: {
      const output_bytes_max = 1 + random.below(2 ** 31);
      const output_bytes = near(random, output_bytes_max);
      return { point: 'finish', kind: 'output', output_bytes, output_bytes_max };
    }
    case 2: {
      const kind = random.pick(['protected_paths', 'suspected_secrets'] as const);
      return { point: 'approval', kind, found: [random.pick(['test/a.ts', 'conf.ini'])] };
    }
    default:
      return {
        point: 'finish',
        kind: 'approval_answered',
        approved: random.chance(0.5),
        by: 'policy',
      };
  }
}

/** At a limit, one beside it, or anywhere below twice as much. */
function near(random: Random, limit: number): number {
  return random.chance(0.5) ? limit - 1 + random.below(3) : random.below(2 * limit);
}

/** Invariants 1 and 4. */
function checkDecision(
  parts: PolicyParts,
  random: Random,
  policy: PolicySet,
  question: PolicyQuestion,
): void {
  const decision = parts.decide(policy, question);
  const stored = reordered(random, policy) as PolicySet;
  mustEqual(
    parts.decide(stored, reordered(random, question) as PolicyQuestion),
    decision,
    'a decision is the same over what was stored and read',
  );
  mustEqual(decision.policy_bundle_id, policyBundleId(policy), 'a decision names its set');
  const isRefusal = decision.reason_code !== 'policy_allowed.default';
  must(
    isRefusal === (decision.decision !== 'allow'),
    'a reason code says what was decided',
    decision,
  );
}

/** The same JSON with its names in another order. */
function reordered(random: Random, value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => reordered(random, item));
  if (typeof value !== 'object' || value === null) return value;
  const entries = random.shuffled(Object.entries(value));
  return Object.fromEntries(entries.map(([name, item]) => [name, reordered(random, item)]));
}

/** Invariant 2. */
function checkLayers(parts: PolicyParts, random: Random, policy: PolicySet): void {
  const before = parts.rulesInForce(policy);
  const layer = rulesOf(random);
  const after = parts.rulesInForce({
    ...policy,
    layers: [...policy.layers, { source: 'run', rules: layer }],
  });
  for (const limit of LIMITS) {
    const expected = Math.min(before[limit], layer[limit] ?? before[limit]);
    mustEqual(after[limit], expected, `a layer can only lower ${limit}`);
  }
  for (const name of Object.keys(before) as (keyof PolicyRules)[]) {
    if (LIMITS.some((limit) => limit === name)) continue;
    mustEqual(
      after[name],
      layer[name] ?? before[name],
      `a layer overrides ${name} where it names it`,
    );
  }
}

/** Invariant 3. */
function checkThreshold(parts: PolicyParts, policy: PolicySet, question: PolicyQuestion): void {
  const rules = parts.rulesInForce(policy);
  if (question.point === 'dispatch') {
    const { turn, turns_max } = question;
    const isAllowed = parts.decide(policy, question).decision === 'allow';
    mustEqual(isAllowed, turn <= Math.min(turns_max, rules.turns_max), 'a turn within the limit');
  }
  if (question.point === 'finish' && question.kind === 'output') {
    const { output_bytes, output_bytes_max } = question;
    const isAllowed = parts.decide(policy, question).decision === 'allow';
    const bytesMax = Math.min(output_bytes_max, rules.output_bytes_max);
    mustEqual(isAllowed, output_bytes <= bytesMax, 'output within the limit');
  }
}
