import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ProblemError } from '#proto/errors.ts';
import { newId } from '#proto/ids.ts';
import { ROLE_SCOPES, SCOPES, type Scope } from '#proto/scopes.ts';
import { parseTopic, type TopicClass, topics } from '#proto/topics.ts';
import { planGrants } from '#services/control/sync/topic-grants.ts';
import type { Grant } from '../authentication/sync-token.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import { createRevocationList } from '../revocations/revocation-list.ts';
import { joinDecision } from './join-check.ts';

const userId = newId('user');
const orgId = newId('org');
const nobodyRevoked = createRevocationList();

function grantOf(granted: string[], changes: Partial<Grant> = {}): Grant {
  return {
    userId,
    orgId,
    sessionId: 's',
    deviceId: 'd',
    jti: 'j',
    topics: new Set(granted),
    keyThumbprint: undefined,
    issuedAtMs: 1_000,
    expiresAtMs: 2_000,
    ...changes,
  };
}

function headOf(topic: string, owner: Partial<TopicHead>): TopicHead {
  return {
    topicId: 1n,
    topic,
    class: 'run_events' satisfies TopicClass,
    ownerUserId: null,
    orgId: null,
    epoch: 'e',
    headSeq: 0n,
    floorSeq: 0n,
    snapshotSeq: 0n,
    ...owner,
  };
}

function decide(topic: string, grant: Grant, head: TopicHead | undefined) {
  return joinDecision(topic, grant, head, nobodyRevoked);
}

const GRANTABLE = [
  topics.runEvents(newId('run')),
  topics.workerEvents(newId('worker')),
  topics.userRuns(userId),
  topics.orgRuns(orgId),
  topics.userWorkers(userId),
  topics.orgWorkers(orgId),
  topics.userNotifications(userId),
  topics.orgTreasury(orgId),
  topics.orgAegis(orgId),
];

describe.each(GRANTABLE)('%s', (topic) => {
  const grant = grantOf([topic]);

  test.each([
    ['owned by the user', { ownerUserId: userId }],
    ['of the organisation', { orgId }],
    ['of both', { ownerUserId: userId, orgId }],
  ])('%s is joined', (_, owner) => {
    expect(decide(topic, grant, headOf(topic, owner)).allowed).toBe(true);
  });

  test.each([
    ['of another user', { ownerUserId: newId('user') }],
    ['of another organisation', { orgId: newId('org') }],
    ['of nobody', {}],
  ])('%s is not', (_, owner) => {
    expect(decide(topic, grant, headOf(topic, owner))).toMatchObject({
      code: 'forbidden_topic',
      reason: 'owner_mismatch',
    });
  });

  test('is not joined by a token for its neighbour', () => {
    const owned = headOf(topic, { ownerUserId: userId });
    expect(decide(topic, grantOf([`${topic}x`]), owned)).toMatchObject({ reason: 'not_granted' });
  });

  test('is not joined once its user has left the organisation, and the others are', () => {
    const left = createRevocationList();
    const target = { kind: 'membership', userId, orgId } as const;
    left.add({ target, notBeforeMs: 1_500, expiresAtMs: 9_000 });
    const ofTheOrg = headOf(topic, { ownerUserId: userId, orgId });
    expect(joinDecision(topic, grant, ofTheOrg, left)).toMatchObject({
      code: 'forbidden_topic',
      reason: 'membership_revoked',
    });
    const ownAlone = headOf(topic, { ownerUserId: userId });
    expect(joinDecision(topic, grant, ownAlone, left).allowed).toBe(true);
    const invitedAgain = grantOf([topic], { issuedAtMs: 1_501 });
    expect(joinDecision(topic, invitedAgain, ofTheOrg, left).allowed).toBe(true);
  });
});

test('a token without an organisation does not own what has none', () => {
  const topic = topics.runEvents(newId('run'));
  const grant = grantOf([topic], { orgId: '' });
  expect(decide(topic, grant, headOf(topic, { orgId: null })).allowed).toBe(false);
});

/** What a person of one organisation could ask for, and what differs from it by little. */
const near = fc
  .tuple(
    fc.constantFrom(
      ...GRANTABLE,
      topics.userRuns(newId('user')),
      topics.orgAegis(newId('org')),
      topics.systemRevocations,
    ),
    fc.nat(),
    fc.constantFrom<(topic: string, at: number) => string>(
      (topic) => topic,
      (topic) => topic.toUpperCase(),
      (topic) => topic.slice(0, 1).toUpperCase() + topic.slice(1),
      (topic, at) => topic.slice(0, at) + topic.slice(at + 1),
      (topic, at) => topic.slice(0, at),
      (topic, at) => topic.slice(at),
      (topic, at) => `${topic.slice(0, at)}*${topic.slice(at)}`,
      (topic, at) => `${topic.slice(0, at)}\u0000${topic.slice(at)}`,
      (topic, at) => `${topic.slice(0, at)}\u0301${topic.slice(at)}`,
      (topic, at) => `${topic.slice(0, at)}${topic.at(at)}${topic.slice(at)}`,
      (topic) => ` ${topic}`,
      (topic) => `${topic}\n`,
      (topic) => `${topic}:events`,
      (topic) => topic.replace(/:[^:]+:/, '::'),
      (topic) => topic.replace(/:[^:]+:/, ':*:'),
      (topic) => topic.replace(':', '：'),
      (topic) => topic.replace(':', '%3A'),
      (topic) => topic.replace('o', 'о'),
      (topic) => topic.replace(/^[a-z]+/, 'user'),
      (topic) => topic.replace(/[a-z]+$/, 'runs'),
    ),
  )
  .map(([topic, at, mutate]) => mutate(topic, at % topic.length));

const anyText = fc.oneof({ weight: 9, arbitrary: near }, fc.string({ unit: 'binary' }));

/** The owner that the authority gives a topic: of a run and a worker, this user. */
function ownerOf(text: string): Partial<TopicHead> {
  const parsed = parseTopic(text);
  if (!parsed.ok) return { ownerUserId: userId, orgId };
  const { entity, id } = parsed.topic;
  if (entity === 'org') return { orgId: id };
  return { ownerUserId: entity === 'user' ? id : userId };
}

function grantedByControl(text: string, scopes: readonly Scope[]): boolean {
  const grantee = { user_id: userId, org_id: orgId, scopes };
  try {
    return planGrants({ topics: [text], scopes: [] }, grantee).grants.length === 1;
  } catch (error) {
    if (error instanceof ProblemError) return false;
    throw error;
  }
}

test('what control grants is joined, and what it grants to nobody is not, whatever a token says', () => {
  const seen = { joined: 0, refused: 0 };
  fc.assert(
    fc.property(anyText, (text) => {
      const decision = decide(text, grantOf([text]), headOf(text, ownerOf(text)));
      expect(decision.allowed).toBe(grantedByControl(text, SCOPES));
      if (grantedByControl(text, ROLE_SCOPES.viewer)) expect(decision.allowed).toBe(true);
      seen[decision.allowed ? 'joined' : 'refused'] += 1;
    }),
    { numRuns: 3_000, seed: 20_261_127 },
  );
  expect(Math.min(seen.joined, seen.refused)).toBeGreaterThan(100);
});

test('a token joins no text but its own, however near', () => {
  fc.assert(
    fc.property(fc.constantFrom(...GRANTABLE), anyText, (granted, asked) => {
      fc.pre(granted !== asked);
      expect(decide(asked, grantOf([granted]), headOf(asked, ownerOf(asked))).allowed).toBe(false);
    }),
    { numRuns: 1_000, seed: 20_261_127 },
  );
});
