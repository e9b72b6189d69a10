import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { type TopicClass, topics } from '#proto/topics.ts';
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

test('nothing that is not in the grammar is joined, even granted and owned', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string({ unit: 'binary' }),
        fc
          .constantFrom(...GRANTABLE)
          .chain((topic) =>
            fc.constantFrom(
              topic.toUpperCase(),
              `${topic} `,
              ` ${topic}`,
              topic.slice(0, -1),
              `${topic}:events`,
              topic.replace(/:[^:]+:/, ':*:'),
              topic.replace(/:[^:]+:/, '::'),
              topic.replace(':', '：'),
            ),
          ),
      ),
      (text) => {
        const decision = decide(text, grantOf([text]), headOf(text, { ownerUserId: userId }));
        expect(decision.allowed).toBe(false);
      },
    ),
  );
});
