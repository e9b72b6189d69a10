import { describe, expect, test } from 'vitest';
import type { Grant } from '../authentication/sync-token.ts';
import type { Revocation, RevocationTarget } from './revocation.ts';
import { createRevocationList } from './revocation-list.ts';

const NOW_MS = 10_000;
const grant: Grant = {
  userId: 'user',
  orgId: 'org',
  sessionId: 'session',
  deviceId: 'laptop',
  jti: 'token',
  topics: new Set(),
  keyThumbprint: undefined,
  issuedAtMs: NOW_MS,
  expiresAtMs: NOW_MS + 300_000,
};

function listOf(target: RevocationTarget, notBeforeMs = NOW_MS) {
  const list = createRevocationList();
  list.add({ target, notBeforeMs, expiresAtMs: notBeforeMs + 7_200_000 });
  return list;
}

describe.each<[RevocationTarget, string]>([
  [{ kind: 'token', jti: 'token' }, 'token_revoked'],
  [{ kind: 'session', sessionId: 'session' }, 'session_revoked'],
  [{ kind: 'device', deviceId: 'laptop' }, 'device_revoked'],
  [{ kind: 'user', userId: 'user' }, 'user_revoked'],
])('%j', (target, reason) => {
  const comesBack = target.kind === 'device' || target.kind === 'user';

  test('ends what was issued until then', () => {
    expect(listOf(target).reasonAgainst(grant)).toBe(reason);
  });

  test('ends what was issued later only where it cannot come back (invariant 1)', () => {
    const later = { ...grant, issuedAtMs: NOW_MS + 1 };
    expect(listOf(target).reasonAgainst(later)).toBe(comesBack ? undefined : reason);
  });

  test('ends nobody else', () => {
    const other = { jti: 't2', sessionId: 's2', deviceId: 'd2', userId: 'u2' };
    expect(listOf(target).reasonAgainst({ ...grant, ...other })).toBeUndefined();
  });

  test('is forgotten when nothing of it can be alive', () => {
    const list = listOf(target);
    list.forgetExpired(NOW_MS + 7_199_999);
    expect(list.size).toBe(1);
    list.forgetExpired(NOW_MS + 7_200_000);
    expect([list.size, list.reasonAgainst(grant)]).toEqual([0, undefined]);
  });
});

describe('a lost membership (invariant 2)', () => {
  const list = listOf({ kind: 'membership', userId: 'user', orgId: 'org' });

  test('ends no session', () => expect(list.reasonAgainst(grant)).toBeUndefined());

  test.each<[string, Partial<Grant>, string | null, boolean]>([
    ['that organisation', {}, 'org', true],
    ['that organisation, by a token of another one', { orgId: 'other' }, 'org', true],
    ['another organisation', {}, 'other', false],
    ['what belongs to none', {}, null, false],
    ['another user', { userId: 'colleague' }, 'org', false],
    ['a token issued later', { issuedAtMs: NOW_MS + 1 }, 'org', false],
  ])('%s', (_, changes, orgId, lost) => {
    expect(list.hasLost({ ...grant, ...changes }, orgId)).toBe(lost);
  });
});

test('a target revoked again and again is one entry, of the newest word (invariant 3)', () => {
  const list = createRevocationList();
  const revocation = (notBeforeMs: number): Revocation => ({
    target: { kind: 'user', userId: 'user' },
    notBeforeMs,
    expiresAtMs: notBeforeMs + 1_000,
  });
  for (const at of [NOW_MS, NOW_MS + 500, NOW_MS + 100]) list.add(revocation(at));
  expect(list.size).toBe(1);
  expect(list.reasonAgainst({ ...grant, issuedAtMs: NOW_MS + 500 })).toBe('user_revoked');
});
