import { describe, expect, test } from 'vitest';
import type { RunSpec } from '#proto/gen/types.ts';
import { decide, policyBundleId, policySet, rulesInForce } from './policy.ts';

function spec(change: object = {}): RunSpec {
  return {
    objective: 'make the failing test pass',
    work_unit: 'verified_patch_bundle',
    repo: { source: './repo', ref: '', base_commit: '' },
    verification: { tier_min: 'O', attempts_max: 0, harness: { commands: ['npm test'] } },
    agent: {
      driver: 'command',
      model: '',
      prompt: '',
      command: ['./fix.sh'],
      approval_policy: '',
      sandbox: '',
    },
    thread_id: '',
    org_id: '',
    ...change,
  } as RunSpec;
}

describe('at create', () => {
  test('an ordinary spec is allowed', () => {
    expect(decide(policySet(), { point: 'create', spec: spec() })).toMatchObject({
      point: 'create',
      decision: 'allow',
      reason_code: 'policy_allowed.default',
    });
  });

  const agent = { driver: 'codex', command: [] };
  test.each([
    ['an agent without a sandbox', { agent: { ...agent, sandbox: 'full_access' } }],
    ['an agent that never asks', { agent: { ...agent, approval_policy: 'never' } }],
  ])('%s is denied unless a policy says otherwise', (_name, change) => {
    const question = { point: 'create', spec: spec(change) } as const;
    expect(decide(policySet(), question)).toMatchObject({
      decision: 'deny',
      reason_code: 'policy_denied.explicit_deny',
    });
    const permissive = policySet({ run: { full_access: 'allow', without_approvals: 'allow' } });
    expect(decide(permissive, question).decision).toBe('allow');
  });

  test.each([
    ['agent', { agent: undefined }],
    ['repository', { repo: undefined }],
    ['harness', { verification: undefined }],
  ])('a patch bundle without %s is refused as incomplete', (name, change) => {
    const decision = decide(policySet(), { point: 'create', spec: spec(change) });
    expect(decision.reason_code).toBe('manifest_validation.invalid_schema');
    expect(decision.explanation).toContain(name);
  });

  test('an agent task needs neither repository nor harness', () => {
    const task = spec({ work_unit: 'agent_task', repo: undefined, verification: undefined });
    expect(decide(policySet(), { point: 'create', spec: task }).decision).toBe('allow');
  });

  test('a driver outside the list is denied by name', () => {
    const codexOnly = policySet({ organisation: { drivers: ['codex'] } });
    expect(decide(codexOnly, { point: 'create', spec: spec() })).toMatchObject({
      decision: 'deny',
      explanation: 'agents of driver command are not allowed',
    });
  });

  test.each([
    ['wall clock', { wall_s_max: 60 }, { wall_s_max: 61 }],
    ['output', { output_bytes_max: 10 }, { wall_s_max: 1, output_bytes_max: '11' }],
  ])('more %s than allowed is denied', (_name, rules, limits) => {
    expect(
      decide(policySet({ organisation: rules }), { point: 'create', spec: spec({ limits }) }),
    ).toMatchObject({ decision: 'deny', reason_code: 'policy_denied.budget_exhausted' });
  });

  test('an organisation can ask before a harness reaches the network', () => {
    const verification = {
      harness: { commands: ['npm test'], setup: { commands: ['npm ci'], network: 'egress' } },
    };
    expect(
      decide(policySet({ organisation: { setup_egress: 'ask' } }), {
        point: 'create',
        spec: spec({ verification }),
      }),
    ).toMatchObject({ decision: 'ask', reason_code: 'policy_denied.consent_required' });
  });

  test('metadata with fractions is hashed, not refused', () => {
    const question = { point: 'create', spec: spec({ metadata: { ratio: 0.5 } }) } as const;
    expect(decide(policySet(), question).decision).toBe('allow');
  });
});

describe('at dispatch', () => {
  test.each([
    [1, 1, 'allow'],
    [2, 1, 'deny'],
    [1000, 1000, 'allow'],
    [1001, 2000, 'deny'],
  ])('turn %i of at most %i: %s', (turn, turns_max, decision) => {
    expect(decide(policySet(), { point: 'dispatch', turn, turns_max }).decision).toBe(decision);
  });
});

describe('at approval and finish', () => {
  test('a patch that edits its judge asks and names the paths', () => {
    const found = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((name) => `test/${name}.js`);
    const decision = decide(policySet(), { point: 'approval', kind: 'protected_paths', found });
    expect(decision.decision).toBe('ask');
    expect(decision.explanation).toContain('test/e.js and 2 more');
  });

  test('an answer decides, and says who gave it', () => {
    const ask = (approved: boolean) =>
      decide(policySet(), { point: 'finish', kind: 'approval_answered', approved, by: 'user_1' });
    expect(ask(true)).toMatchObject({ decision: 'allow', explanation: 'approved by user_1' });
    expect(ask(false)).toMatchObject({
      decision: 'deny',
      reason_code: 'policy_denied.consent_required',
    });
  });

  test.each([
    [10, 'allow'],
    [11, 'deny'],
  ])('%i bytes of output where 10 are allowed: %s', (output_bytes, decision) => {
    expect(
      decide(policySet(), { point: 'finish', kind: 'output', output_bytes, output_bytes_max: 10 })
        .decision,
    ).toBe(decision);
  });
});

describe('the set in force', () => {
  test('a later layer overrides rulings and only lowers limits', () => {
    const rules = rulesInForce(
      policySet({
        organisation: { full_access: 'ask', wall_s_max: 100 },
        run: { full_access: 'allow', wall_s_max: 1_000_000 },
      }),
    );
    expect(rules.full_access).toBe('allow');
    expect(rules.wall_s_max).toBe(100);
  });

  test('the same rules have the same id, others another', () => {
    expect(policyBundleId(policySet())).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(policyBundleId(policySet())).toBe(policyBundleId(policySet({})));
    expect(policyBundleId(policySet())).not.toBe(
      policyBundleId(policySet({ run: { full_access: 'ask' } })),
    );
  });

  test('the evaluation hash depends on the question and not on its spelling', () => {
    const at = (turn: number) => decide(policySet(), { point: 'dispatch', turn, turns_max: 9 });
    expect(at(1).evaluation_hash).toBe(at(1).evaluation_hash);
    expect(at(1).evaluation_hash).not.toBe(at(2).evaluation_hash);
  });
});
