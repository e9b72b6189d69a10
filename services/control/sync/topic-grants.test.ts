import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProblemError } from '#proto/errors.ts';
import { newId } from '#proto/ids.ts';
import { ROLE_SCOPES, type Role, SCOPES } from '#proto/scopes.ts';
import { parseTopic, topics } from '#proto/topics.ts';
import { type Grantee, planGrants, requireOwned } from './topic-grants.ts';

const user_id = newId('user');
const org_id = newId('org');
const member: Grantee = { user_id, org_id, scopes: ROLE_SCOPES.member };

function faultsOf(work: () => unknown) {
  try {
    work();
  } catch (error) {
    if (error instanceof ProblemError) return error.faults;
    throw error;
  }
  throw new Error('nothing was refused');
}

const theirOwn = fc.constantFrom(
  topics.userRuns(user_id),
  topics.userWorkers(user_id),
  topics.orgRuns(org_id),
);

const anyTopic = fc.oneof(
  { weight: 4, arbitrary: theirOwn },
  fc.constantFrom(
    topics.userNotifications(user_id),
    topics.orgWorkers(org_id),
    topics.orgTreasury(org_id),
    topics.orgAegis(org_id),
    topics.systemRevocations,
    topics.userRuns(newId('user')),
    topics.orgRuns(newId('org')),
  ),
  fc.constant(null).map(() => topics.runEvents(newId('run'))),
  fc.constant(null).map(() => topics.workerEvents(newId('worker'))),
  fc.string(),
  fc
    .tuple(fc.constantFrom('run', 'user', '*'), fc.string(), fc.constant('events'))
    .map((p) => p.join(':')),
);

test('whatever is granted parses, is joinable, and is within the role', () => {
  const asked = fc.record({
    topics: fc.array(anyTopic, { minLength: 1, maxLength: 4 }),
    scopes: fc.oneof(fc.constant([]), fc.subarray([...SCOPES, 'made.up'])),
    role: fc.constantFrom<Role>('owner', 'admin', 'member', 'viewer'),
  });
  let granted = 0;
  fc.assert(
    fc.property(asked, ({ topics: texts, scopes, role }) => {
      const held: readonly string[] = ROLE_SCOPES[role];
      let plan: ReturnType<typeof planGrants>;
      try {
        plan = planGrants({ topics: texts, scopes }, { user_id, org_id, scopes: held });
      } catch (error) {
        expect(error).toBeInstanceOf(ProblemError);
        expect((error as ProblemError).faults.length).toBeGreaterThan(0);
        return;
      }
      granted += 1;
      for (const { topic, scope } of plan.grants) {
        const parsed = parseTopic(topic);
        expect(parsed).toMatchObject({ ok: true, topic: { joinable: true, scope } });
        expect(plan.scopes).toContain(scope);
      }
      expect(new Set(plan.grants.map(({ topic }) => topic))).toEqual(new Set(texts));
      for (const scope of plan.scopes) expect(held).toContain(scope);
      if (scopes.length > 0) expect(new Set(plan.scopes)).toEqual(new Set(scopes));
    }),
    { numRuns: 2_000, seed: 20_261_121 },
  );
  expect(granted).toBeGreaterThan(100);
});

test('every topic that cannot be granted is named', () => {
  const asked = [topics.userRuns(user_id), 'run:1:events', topics.userRuns(newId('user')), '*'];
  expect(faultsOf(() => planGrants({ topics: asked, scopes: [] }, member))).toEqual([
    { path: '$.topics[1]', reason: 'the id is not a valid run id' },
    { path: '$.topics[2]', reason: 'cannot be granted' },
    { path: '$.topics[3]', reason: 'no such topic in the grammar' },
  ]);
});

test('a token carries the scopes that its topics need and no others', () => {
  const plan = planGrants({ topics: [topics.userRuns(user_id)], scopes: [] }, member);
  expect(plan.scopes).toEqual(['runtime.run_summaries']);
});

test('a topic whose scope was not asked for is refused', () => {
  const request = { topics: [topics.userRuns(user_id)], scopes: ['runtime.run_events'] };
  expect(faultsOf(() => planGrants(request, member))[0]?.path).toBe('$.topics[0]');
});

test('a topic beyond the role is refused', () => {
  const request = { topics: [topics.orgTreasury(org_id)], scopes: [] };
  expect(faultsOf(() => planGrants(request, member))).toEqual([
    { path: '$.topics[0]', reason: 'needs the scope hydra.summaries' },
  ]);
});

test('what the runtime does not allow by name is refused', () => {
  const [mine, theirs] = [topics.runEvents(newId('run')), topics.runEvents(newId('run'))];
  const answers = [
    { topic: mine, allowed: true },
    { topic: theirs, allowed: false },
  ];
  expect(() => requireOwned([mine], answers)).not.toThrow();
  expect(faultsOf(() => requireOwned([mine, theirs], answers))).toEqual([
    { path: '$.topics[1]', reason: 'cannot be granted' },
  ]);
  expect(faultsOf(() => requireOwned([mine], []))).toHaveLength(1);
});
