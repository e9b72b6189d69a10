import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { insertMembershipRevocation } from '#db/control/session-revocations.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { read, refusal, startTestControl, type TestControl } from '../testing/control-process.ts';

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl();
});
afterAll(() => control[Symbol.asyncDispose]());
beforeEach(() => {
  control.clock.advance(180_000);
  control.upstream.broken = false;
});

async function open(email: string, deviceId: string) {
  const { session, tokens } = await control.logIn(email, deviceId);
  return { id: session?.session_id ?? '', token: tokens?.access_token ?? '' };
}

function revoke(token: string, json: object, key: string = randomUUID()) {
  const headers = { 'idempotency-key': key };
  return control.request('/api/auth/sessions/revoke', { token, json, headers });
}

async function isAlive({ token }: { token: string }): Promise<boolean> {
  return (await control.request('/api/auth/session', { token })).status === 200;
}

test('logging out ends the session here and at the runtime', async () => {
  const session = await open('out@example.com', 'laptop');
  const answer = await read(
    await control.request('/api/auth/logout', { token: session.token, json: {} }),
  );
  expect(answer.data['session_id']).toBe(session.id);
  expect(await isAlive(session)).toBe(false);
  await vi.waitFor(() => expect(control.upstream.revoked).toContain(session.id));
});

test('one session, one device, or all others can be ended', async () => {
  const laptop = await open('many@example.com', 'laptop');
  const phone = await open('many@example.com', 'phone');
  const tablet = await open('many@example.com', 'tablet');
  const watch = await open('many@example.com', 'watch');
  const one = await read(await revoke(laptop.token, { session_id: phone.id }));
  expect(one.data['revoked_session_ids']).toEqual([phone.id]);
  const device = await read(await revoke(laptop.token, { device_id: 'TABLET' }));
  expect(device.data['revoked_session_ids']).toEqual([tablet.id]);
  const others = await read(await revoke(laptop.token, { revoke_all_sessions: true }));
  expect(others.data['revoked_session_ids']).toEqual([watch.id]);
  expect(await isAlive(laptop)).toBe(true);
  const all = { revoke_all_sessions: true, include_current: true };
  expect((await revoke(laptop.token, all)).status).toBe(200);
  expect(await isAlive(laptop)).toBe(false);
});

test('the same key answers the same bytes and ends nothing else', async () => {
  const laptop = await open('again@example.com', 'laptop');
  const phone = await open('again@example.com', 'phone');
  const key = randomUUID();
  const first = await revoke(laptop.token, { session_id: phone.id }, key);
  const second = await revoke(laptop.token, { session_id: phone.id }, key);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await second.text()).toBe(await first.text());
  const other = await revoke(laptop.token, { device_id: 'phone' }, key);
  expect(await refusal(other)).toBe('422 idempotency_conflict');
});

test('of many under one key at once one has an effect, and the others hear of it or wait', async () => {
  const laptop = await open('burst@example.com', 'laptop');
  const phone = await open('burst@example.com', 'phone');
  const key = randomUUID();
  const answers = await Promise.all(
    Array.from({ length: 20 }, () => revoke(laptop.token, { session_id: phone.id }, key)),
  );
  const done = answers.filter(({ status }) => status === 200);
  const bodies = new Set(await Promise.all(done.map((answer) => answer.text())));
  expect(bodies.size).toBe(1);
  for (const answer of answers.filter(({ status }) => status !== 200)) {
    expect(await refusal(answer)).toBe('409 idempotency_in_progress');
  }
  const ended = (await control.auditOf('auth.sessions.revoked')).filter(({ attributes }) =>
    JSON.stringify(attributes).includes(phone.id),
  );
  expect(ended).toHaveLength(1);
});

test('a revocation without a key is refused', async () => {
  const { token, id } = await open('keyless@example.com', 'laptop');
  const answer = await control.request('/api/auth/sessions/revoke', {
    token,
    json: { session_id: id },
  });
  expect(await refusal(answer)).toBe('400 idempotency_key_required');
});

test('the receipt of a revocation is the row of the audit log', async () => {
  const laptop = await open('receipt@example.com', 'laptop');
  const phone = await open('receipt@example.com', 'phone');
  const { receipt } = await read(await revoke(laptop.token, { session_id: phone.id }));
  const rows = await control.auditOf('auth.sessions.revoked');
  const row = rows.find(({ audit_id }) => audit_id === receipt?.audit_id);
  expect(row?.attributes).toEqual({ session_ids: [phone.id], reason: 'user_requested' });
});

test('a stranger’s session looks like one that does not exist', async () => {
  const mine = await open('mine@example.com', 'laptop');
  const theirs = await open('theirs@example.com', 'laptop');
  const foreign = await revoke(mine.token, { session_id: theirs.id });
  const unknown = await revoke(mine.token, { session_id: 'sess_01kaaaaaaaaaaaaaaaaaaaaaaa' });
  expect(await refusal(foreign)).toBe('404 not_found');
  expect(await refusal(unknown)).toBe('404 not_found');
  expect(await isAlive(theirs)).toBe(true);
});

test('a stranger’s device of the same name is left alone', async () => {
  const mine = await open('host@example.com', 'laptop');
  const theirs = await open('guest@example.com', 'desk');
  const { data } = await read(await revoke(mine.token, { device_id: 'desk' }));
  expect(data['revoked_session_ids']).toEqual([]);
  expect(await isAlive(theirs)).toBe(true);
});

test.each([
  [{}, '422 invalid_request'],
  [{ revoke_all_sessions: false }, '422 invalid_request'],
  [{ session_id: 'a', device_id: 'b' }, '422 invalid_request'],
  [{ revoke_all_sessions: true, reason: 'token_replay' }, '422 invalid_request'],
])('a revocation of %j is refused', async (json, expected) => {
  const session = await open('picky@example.com', 'laptop');
  expect(await refusal(await revoke(session.token, json))).toBe(expected);
  expect(await isAlive(session)).toBe(true);
});

test('nobody locks themselves out by accident', async () => {
  const session = await open('careful@example.com', 'laptop');
  expect(await refusal(await revoke(session.token, { session_id: session.id }))).toBe(
    '409 conflict',
  );
  expect(await isAlive(session)).toBe(true);
});

test('a runtime that is down is told once it is back', async () => {
  const session = await open('later@example.com', 'laptop');
  control.upstream.broken = true;
  await control.request('/api/auth/logout', { token: session.token, json: {} });
  const failed = () => control.database.owner`
    select attempts, last_error from control.session_revocations
    where session_ids @> ${[session.id]} and last_error <> '' and told_at is null`;
  await vi.waitFor(async () => expect(await failed()).toHaveLength(1));
  expect(control.upstream.revoked).not.toContain(session.id);
  control.upstream.broken = false;
  control.clock.advance(60_000);
  await vi.waitFor(() => expect(control.upstream.revoked).toContain(session.id), 5_000);
  await vi.waitFor(async () => expect(await failed()).toHaveLength(0));
});

test('the list shows every session with its end', async () => {
  const laptop = await open('list@example.com', 'laptop');
  const phone = await open('list@example.com', 'phone');
  await revoke(laptop.token, { session_id: phone.id, reason: 'security_policy' });
  const { data } = await read(
    await control.request('/api/v1/auth/sessions', { token: laptop.token }),
  );
  expect(data).toMatchObject({
    current_session_id: laptop.id,
    sessions: expect.arrayContaining([
      expect.objectContaining({ session_id: laptop.id, status: 'active' }),
      expect.objectContaining({
        session_id: phone.id,
        status: 'revoked',
        revoked_reason: 'security_policy',
      }),
    ]),
  });
  const phones = await read(
    await control.request('/api/auth/sessions?device_id=phone', { token: laptop.token }),
  );
  expect(phones.data['sessions']).toHaveLength(1);
});

test('a lost membership is told as this person of this organisation, and of no session', async () => {
  const userId = newId('user');
  const orgId = newId('org');
  control.upstream.broken = true;
  await transaction(control.database.control, (tx) =>
    insertMembershipRevocation(tx, { userId, orgId, reason: 'left', now: new Date() }),
  );
  control.upstream.broken = false;
  control.clock.advance(60_000);
  await vi.waitFor(() => {
    const told = control.upstream.requests.filter(({ body }) => body.includes(userId));
    expect(told.map(({ body }) => JSON.parse(body)).at(-1)).toMatchObject({
      ...{ session_ids: [], user_ids: [userId], org_ids: [orgId], reason: 'left' },
    });
  }, 5_000);
});
