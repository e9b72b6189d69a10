import { afterAll, beforeAll, expect, test } from 'vitest';
import { read, refusal, startTestControl, type TestControl } from '../testing/control-process.ts';

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl();
});
afterAll(() => control[Symbol.asyncDispose]());

function verify(challenge_id: string, code: string, device: object = { device_id: 'laptop' }) {
  return control.request('/api/auth/verify', { json: { challenge_id, code, device } });
}

test('a code from the terminal becomes a session that works', async () => {
  const { challengeId, code } = await control.askCode('Ada@Example.com');
  expect(control.printed.at(-1)).toBe(`login code for ada@example.com: ${code} (valid 10 minutes)`);
  const { data } = await read(await verify(challengeId, code));
  expect(data).toMatchObject({
    new_user: true,
    user: { email: 'ada@example.com' },
    session: {
      device_id: 'laptop',
      status: 'active',
      memberships: [{ role: 'owner', default_org: true }],
    },
    tokens: { token_type: 'Bearer', expires_in_seconds: 3600 },
  });
  const { access_token } = data['tokens'] as { access_token: string };
  const me = await read(await control.request('/api/me', { token: access_token }));
  expect(me.data['user']).toEqual(data['user']);
});

test('the same address is the same person, by whatever case it is written', async () => {
  const first = await control.logIn('grace@example.com', 'phone');
  const second = await control.logIn('GRACE@example.com', 'tablet');
  expect(second.user?.user_id).toBe(first.user?.user_id);
  expect(second.new_user).toBe(false);
  expect(second.session?.active_org_id).toBe(first.session?.active_org_id);
});

test('five wrong codes lock the challenge, even for the right one', async () => {
  const { challengeId, code } = await control.askCode('locked@example.com');
  const wrong = code === '000-000' ? '000-001' : '000-000';
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    expect(await refusal(await verify(challengeId, wrong))).toBe('401 unauthorized');
  }
  expect(await refusal(await verify(challengeId, code))).toBe('401 unauthorized');
  const reasons = (await control.auditOf('auth.verify.failed'))
    .filter(({ attributes }) => attributes['challenge_id'] === challengeId)
    .map(({ attributes }) => attributes['reason']);
  expect(reasons).toEqual([...Array(5).fill('wrong_code'), 'challenge_closed']);
});

test('four wrong codes leave one more try', async () => {
  const { challengeId, code } = await control.askCode('clumsy@example.com');
  const wrong = code === '000-000' ? '000-001' : '000-000';
  for (let attempt = 1; attempt <= 4; attempt += 1) await verify(challengeId, wrong);
  expect((await verify(challengeId, code)).status).toBe(200);
});

test('a mailbox is closed for an hour after thirty wrong codes, however many challenges they are spread over', async () => {
  const email = 'guessed@example.com';
  const own = await control.askCode(email);
  for (let challenge = 0; challenge < 6; challenge += 1) {
    control.clock.advance(60_000);
    const { challengeId, code } = await control.askCode(email);
    const wrong = code === '000-000' ? '000-001' : '000-000';
    for (let attempt = 0; attempt < 5; attempt += 1) await verify(challengeId, wrong);
  }
  expect(await refusal(await verify(own.challengeId, own.code))).toBe('401 unauthorized');
  const asked = await control.request('/api/auth/email', { json: { email } });
  expect(await refusal(asked)).toBe('429 rate_limited');
  control.clock.advance(60 * 60_000);
  await control.logIn(email);
});

test('guesses at once cannot outrun the count', async () => {
  const { challengeId, code } = await control.askCode('target@example.com');
  const wrong = code === '000-000' ? '000-001' : '000-000';
  await Promise.all(Array.from({ length: 12 }, () => verify(challengeId, wrong)));
  const [row] = await control.database.owner`
    select attempts from control.challenges where challenge_id = ${challengeId}`;
  expect(row?.['attempts']).toBe(5);
  expect(await refusal(await verify(challengeId, code))).toBe('401 unauthorized');
});

test('a code opens one session, however many ask at once', async () => {
  control.clock.advance(120_000);
  const { challengeId, code } = await control.askCode('once@example.com');
  const answers = await Promise.all(Array.from({ length: 5 }, () => verify(challengeId, code)));
  expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401]);
  expect(await refusal(await verify(challengeId, code))).toBe('401 unauthorized');
});

test('a code is refused once its ten minutes are over', async () => {
  const { challengeId, code } = await control.askCode('late@example.com');
  control.clock.advance(10 * 60_000);
  expect(await refusal(await verify(challengeId, code))).toBe('401 unauthorized');
});

test('logging in again on a device replaces its session and leaves other devices alone', async () => {
  const old = await control.logIn('mover@example.com', 'laptop');
  const phone = await control.logIn('mover@example.com', 'phone');
  const fresh = await control.logIn('mover@example.com', 'LAPTOP');
  const session = (token: string | undefined) =>
    control.request('/api/auth/session', { token: token ?? '' });
  expect(await refusal(await session(old.tokens?.access_token))).toBe('401 session_revoked');
  expect((await session(phone.tokens?.access_token)).status).toBe(200);
  expect((await session(fresh.tokens?.access_token)).status).toBe(200);
  const [row] = await control.database.owner`
    select revoked_reason from control.sessions where session_id = ${old.session?.session_id ?? ''}`;
  expect(row?.['revoked_reason']).toBe('device_replaced');
});

test('two logins at once on one device leave one session', async () => {
  const codes = [
    await control.askCode('rush@example.com'),
    await control.askCode('rush@example.com'),
  ];
  const answers = await Promise.all(
    codes.map(({ challengeId, code }) => verify(challengeId, code, { device_id: 'kiosk' })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  const sessions = await control.database.owner`
    select s.status from control.sessions s join control.users u using (user_id)
    where u.email = 'rush@example.com' order by s.status`;
  expect(sessions.map((row) => row['status'])).toEqual(['active', 'revoked']);
});

test('two people may use the same device', async () => {
  const one = await control.logIn('one@example.com', 'shared');
  await control.logIn('two@example.com', 'shared');
  const token = one.tokens?.access_token ?? '';
  expect((await control.request('/api/me', { token })).status).toBe(200);
});

test('clients without a device id get one each', async () => {
  const ids = [];
  for (const email of ['nameless@example.com', 'nameless@example.com']) {
    const { challengeId, code } = await control.askCode(email);
    const { data } = await read(await verify(challengeId, code, {}));
    ids.push((data['session'] as { device_id: string }).device_id);
  }
  expect(ids[0]).toMatch(/^dev_[0-9a-z]{26}$/);
  expect(ids[1]).not.toBe(ids[0]);
});

test('a device may be named by a header, as long as the name is one', async () => {
  const named = async (name: string) => {
    const { challengeId, code } = await control.askCode('header@example.com');
    const json = { challenge_id: challengeId, code };
    return control.request('/api/auth/verify', { json, headers: { 'x-device-id': name } });
  };
  const { data } = await read(await named('Watch-1'));
  expect(data['session']).toMatchObject({ device_id: 'watch-1' });
  expect(await refusal(await named('no spaces'))).toBe('422 invalid_request');
});

test('no code, token or e-mail address is kept where it is not needed', async () => {
  const { tokens } = await control.logIn('secret@example.com');
  const dump = await Promise.all(
    ['challenges', 'refresh_tokens', 'audit_log', 'rate_limits', 'idempotency_keys'].map(
      (table) =>
        control.database
          .owner`select to_jsonb(t)::text as row from ${control.database.owner(`control.${table}`)} t`,
    ),
  );
  const text = JSON.stringify(dump.slice(1));
  expect(text).not.toContain('secret@example.com');
  const all = JSON.stringify(dump);
  expect(all).not.toContain(tokens?.refresh_token);
  expect(all).not.toContain(tokens?.access_token);
});

test.each([
  [{ email: 'nobody' }, '$.email'],
  [{ email: 'a b@example.com' }, '$.email'],
  [{ email: '\u001b[2Ja@example.com' }, '$.email'],
  [{ email: 'a@example.com', extra: 1 }, '$.extra'],
  [{}, '$.email'],
])('an address like %j is refused by its path', async (json, path) => {
  const answer = await control.request('/api/auth/email', { json });
  expect(answer.status).toBe(422);
  expect(await answer.json()).toMatchObject({ errors: [{ path }] });
});
