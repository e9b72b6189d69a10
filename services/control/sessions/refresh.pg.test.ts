import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { read, refusal, startTestControl, type TestControl } from '../testing/control-process.ts';

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl();
});
afterAll(() => control[Symbol.asyncDispose]());
// A minute later no address is limited by what an earlier test did.
beforeEach(() => control.clock.advance(180_000));

function refresh(refresh_token: string, device_id = 'laptop') {
  return control.request('/api/auth/refresh', { json: { refresh_token, device_id } });
}

async function rotated(refreshToken: string): Promise<string> {
  const { data } = await read(await refresh(refreshToken));
  return (data['tokens'] as { refresh_token: string }).refresh_token;
}

async function newSession(email: string) {
  const { session, tokens } = await control.logIn(email);
  return {
    sessionId: session?.session_id ?? '',
    refreshToken: tokens?.refresh_token ?? '',
    accessToken: tokens?.access_token ?? '',
  };
}

async function statusOf(sessionId: string) {
  const [row] = await control.database.owner<{ status: string; revoked_reason: string | null }[]>`
    select status, revoked_reason from control.sessions where session_id = ${sessionId}`;
  return row;
}

test('each refresh gives a new token and prolongs the session', async () => {
  const { refreshToken, sessionId } = await newSession('a@example.com');
  const second = await rotated(refreshToken);
  control.clock.advance(60_000);
  const third = await rotated(second);
  expect(new Set([refreshToken, second, third]).size).toBe(3);
  const tokens = await control.database.owner`
    select generation, rotated_at is not null as spent from control.refresh_tokens
    where session_id = ${sessionId} order by generation`;
  expect(tokens).toEqual([
    { generation: 0, spent: true },
    { generation: 1, spent: true },
    { generation: 2, spent: false },
  ]);
});

test('the identical retry within ten seconds gets the same successor', async () => {
  const { refreshToken, sessionId } = await newSession('retry@example.com');
  const successor = await rotated(refreshToken);
  control.clock.advance(10_000);
  expect(await rotated(refreshToken)).toBe(successor);
  expect(await statusOf(sessionId)).toMatchObject({ status: 'active' });
});

test('a retry after ten seconds is a reuse and ends the family', async () => {
  const { refreshToken, accessToken, sessionId } = await newSession('slow@example.com');
  const successor = await rotated(refreshToken);
  control.clock.advance(10_001);
  expect(await refusal(await refresh(refreshToken))).toBe('401 reauth_required');
  expect(await statusOf(sessionId)).toEqual({ status: 'revoked', revoked_reason: 'token_replay' });
  expect(await refusal(await refresh(successor))).toBe('401 session_revoked');
  const me = await control.request('/api/me', { token: accessToken });
  expect(await refusal(me)).toBe('401 session_revoked');
});

test('a retry from another device is a reuse even at once', async () => {
  const { refreshToken, sessionId } = await newSession('thief@example.com');
  await rotated(refreshToken);
  expect(await refusal(await refresh(refreshToken, 'other'))).toBe('401 reauth_required');
  expect(await statusOf(sessionId)).toMatchObject({ status: 'revoked' });
});

test('a token whose successor was used is no retry any more', async () => {
  const { refreshToken, sessionId } = await newSession('twice@example.com');
  await rotated(await rotated(refreshToken));
  expect(await refusal(await refresh(refreshToken))).toBe('401 reauth_required');
  expect(await statusOf(sessionId)).toMatchObject({ status: 'revoked' });
});

test('a good token from another device is refused and stays good', async () => {
  const { refreshToken } = await newSession('device@example.com');
  expect(await refusal(await refresh(refreshToken, 'other'))).toBe('403 forbidden');
  expect((await refresh(refreshToken)).status).toBe(200);
});

test('an unknown token is refused', async () => {
  expect(await refusal(await refresh('oa_rt_unknown'))).toBe('401 unauthorized');
});

test('a session that nobody used for thirty days has expired', async () => {
  const { refreshToken } = await newSession('gone@example.com');
  control.clock.advance(30 * 24 * 3_600_000);
  expect(await refusal(await refresh(refreshToken))).toBe('401 session_expired');
});

test('a hundred refreshes at once have one successor and all succeed', async () => {
  const { refreshToken, sessionId } = await newSession('crowd@example.com');
  const successors = await Promise.all(Array.from({ length: 100 }, () => rotated(refreshToken)));
  expect(new Set(successors).size).toBe(1);
  const [family] = await control.database.owner<{ tokens: number; current: number }[]>`
    select count(*)::int as tokens, count(*) filter (where rotated_at is null)::int as current
    from control.refresh_tokens where session_id = ${sessionId}`;
  expect(family).toEqual({ tokens: 2, current: 1 });
  expect(await statusOf(sessionId)).toMatchObject({ status: 'active' });
});

test('every refusal is written down with its reason', async () => {
  const reasons = (await control.auditOf('auth.refresh.failed')).map(
    ({ outcome, attributes }) => `${outcome} ${attributes['reason']}`,
  );
  expect(new Set(reasons)).toEqual(
    new Set([
      'denied token_replay',
      'denied session_revoked',
      'denied device_mismatch',
      'denied unknown_token',
      'denied session_expired',
    ]),
  );
});
