import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestControl, type TestControl } from '../testing/control-process.ts';

/** Printed by fast-check with a failure, to be set here until it is fixed and has a test with a name. */
const SEED = 20_261_121;
const FAMILIES = 40;

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl();
});
afterAll(() => control[Symbol.asyncDispose]());

type Step =
  | { kind: 'refresh'; back: number; device: 'laptop' | 'stolen' }
  | { kind: 'wait'; ms: number }
  | { kind: 'log_out' };

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('refresh' as const),
      // Mostly the newest token, sometimes one or two before it.
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.integer({ min: 1, max: 2 })),
      device: fc.oneof(
        { weight: 6, arbitrary: fc.constant('laptop' as const) },
        fc.constant('stolen' as const),
      ),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(1_000, 9_000, 10_000, 11_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'log_out' as const }) },
);

/** What the rules of `refresh.ts` say about a family, in the plainest words. */
class Model {
  readonly tokens: string[];
  readonly rotatedAtMs: number[] = [];
  alive = true;

  constructor(first: string) {
    this.tokens = [first];
  }

  expected(index: number, device: string, nowMs: number): string {
    if (!this.alive) return '401 session_revoked';
    const rotatedAtMs = this.rotatedAtMs[index];
    if (rotatedAtMs === undefined) return device === 'laptop' ? 'rotates' : '403 forbidden';
    const isLastRotation = index === this.tokens.length - 2;
    const isSoon = nowMs - rotatedAtMs <= 10_000;
    if (isLastRotation && isSoon && device === 'laptop') return 'repeats';
    this.alive = false;
    return '401 reauth_required';
  }
}

test('every history of a family follows the rules of rotation', async () => {
  const seen = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(anyStep, { minLength: 4, maxLength: 14 }), async (steps) => {
      control.clock.advance(120_000);
      const login = await control.logIn(`${randomUUID()}@example.com`);
      const model = new Model(login.tokens?.refresh_token ?? '');
      let access = login.tokens?.access_token ?? '';
      for (const step of steps) {
        if (step.kind === 'wait') control.clock.advance(step.ms);
        else if (step.kind === 'log_out') {
          const answer = await control.request('/api/auth/logout', { token: access, json: {} });
          expect(answer.status).toBe(model.alive ? 200 : 401);
          model.alive = false;
        } else {
          const index = Math.max(0, model.tokens.length - 1 - step.back);
          const nowMs = control.clock.now().getTime();
          const expected = model.expected(index, step.device, nowMs);
          const json = { refresh_token: model.tokens[index], device_id: step.device };
          const answer = await control.request('/api/auth/refresh', { json });
          const { data, code } = (await answer.json()) as {
            code?: string;
            data?: { tokens: { access_token: string; refresh_token: string } };
          };
          seen.set(expected, (seen.get(expected) ?? 0) + 1);
          if (data) {
            access = data.tokens.access_token;
            if (expected === 'rotates') {
              model.rotatedAtMs[index] = nowMs;
              model.tokens.push(data.tokens.refresh_token);
            }
            expect(expected).toMatch(/^(rotates|repeats)$/);
            expect(data.tokens.refresh_token).toBe(model.tokens[index + 1]);
          } else {
            expect(`${answer.status} ${code}`).toBe(expected);
          }
        }
      }
      await expectSoundFamily(login.session?.session_id ?? '', model);
    }),
    { numRuns: FAMILIES, seed: SEED },
  );
  // A fuzz that never met a case has not tested it.
  expect([...seen.keys()].sort()).toEqual([
    '401 reauth_required',
    '401 session_revoked',
    '403 forbidden',
    'repeats',
    'rotates',
  ]);
});

async function expectSoundFamily(sessionId: string, model: Model): Promise<void> {
  const [family] = await control.database.owner<
    { status: string; tokens: number; current: number }[]
  >`
    select s.status, count(*)::int as tokens,
      count(*) filter (where t.rotated_at is null)::int as current
    from control.sessions s join control.refresh_tokens t using (session_id)
    where s.session_id = ${sessionId} group by s.status`;
  expect(family).toEqual({
    status: model.alive ? 'active' : 'revoked',
    tokens: model.tokens.length,
    current: 1,
  });
}
