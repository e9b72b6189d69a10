import { expect, test } from 'vitest';
import { messageOf } from '#proto/read.ts';
import { ApiError } from './errors.ts';
import { createSession, NEW_TOKEN_MS } from './session.ts';
import { createSessionStore } from './session-store.ts';
import { scratch } from './testing/scratch.ts';

const UNAUTHORIZED = new ApiError('Unauthorized', 'a credential is needed', {
  status: 401,
  code: 'unauthorized',
});
const LIFE_S = 3_600;
const start = 1_700_000_000_000;

function answer(number: number) {
  return {
    session: messageOf('openagents.control.v1.AuthSession', {
      session_id: 'sess_1',
      user_id: 'user_1',
      active_org_id: 'org_1',
    }),
    tokens: messageOf('openagents.control.v1.AuthTokens', {
      access_token: `access-${number}`,
      refresh_token: `refresh-${number}`,
      expires_in_seconds: LIFE_S,
    }),
    user: messageOf('openagents.control.v1.User', {
      user_id: 'user_1',
      email: 'a@example.invalid',
    }),
  };
}

/** A server that rotates: each refresh token is good once. */
function rotating() {
  let last = 1;
  const presented: string[] = [];
  return {
    presented,
    async refresh(token: string) {
      presented.push(token);
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (token !== `refresh-${last}`)
        throw new ApiError('Unauthorized', 'reused', { status: 401 });
      last += 1;
      return answer(last);
    },
  };
}

function device(
  directory: string,
  clock: { now: number },
  refresh: ReturnType<typeof rotating>['refresh'],
) {
  const controlUrl = 'http://control.invalid';
  const store = createSessionStore(directory, controlUrl);
  return createSession({ controlUrl, store, refresh, now: () => clock.now });
}

test('a token is refreshed before it is used, and once for all who ask', async () => {
  using home = scratch();
  const server = rotating();
  const clock = { now: start };
  const session = device(home.path, clock, server.refresh);
  await session.establish(answer(1));
  expect(await session.accessToken()).toBe('access-1');
  clock.now += (LIFE_S - 30) * 1_000;
  expect(
    await Promise.all([session.accessToken(), session.accessToken(), session.accessToken()]),
  ).toEqual(Array(3).fill('access-2'));
  expect(server.presented).toEqual(['refresh-1']);
});

test('two processes of one login refresh once between them', async () => {
  using home = scratch();
  const server = rotating();
  const clock = { now: start };
  const one = device(home.path, clock, server.refresh);
  const other = device(home.path, clock, server.refresh);
  await one.establish(answer(1));
  clock.now += LIFE_S * 1_000;
  expect(await Promise.all([one.accessToken(), other.accessToken()])).toEqual([
    'access-2',
    'access-2',
  ]);
  expect(server.presented).toEqual(['refresh-1']);
});

test('a refused token is replaced once, however many calls were refused', async () => {
  using home = scratch();
  const server = rotating();
  const session = device(home.path, { now: start }, server.refresh);
  await session.establish(answer(1));
  await Promise.all([
    session.refused('access-1', UNAUTHORIZED),
    session.refused('access-1', UNAUTHORIZED),
  ]);
  await session.refused('access-1', UNAUTHORIZED);
  expect(await session.accessToken()).toBe('access-2');
  expect(server.presented).toEqual(['refresh-1']);
});

test('a token that control has just issued and another service refuses is the fault of their clocks, not of the login', async () => {
  using home = scratch();
  const server = rotating();
  const clock = { now: start };
  const session = device(home.path, clock, server.refresh);
  await session.establish(answer(1));
  await session.refused('access-1', UNAUTHORIZED);
  await expect(session.refused('access-2', UNAUTHORIZED)).rejects.toMatchObject({
    kind: 'ServiceUnavailable',
    retryable: true,
    message: expect.stringContaining('clocks'),
  });
  expect(session.state.name).toBe('active');
  expect(server.presented).toEqual(['refresh-1']);
  // Whoever keeps trying gets a newer one from time to time: what was issued by a wrong clock stays wrong.
  clock.now += NEW_TOKEN_MS;
  await session.refused('access-2', UNAUTHORIZED);
  expect(await session.accessToken()).toBe('access-3');
});

test('a session that was revoked is over, however new its token', async () => {
  using home = scratch();
  const session = device(home.path, { now: start }, rotating().refresh);
  await session.establish(answer(1));
  await session.refused('access-1', UNAUTHORIZED);
  const revoked = new ApiError('Unauthorized', 'revoked', { status: 401, code: 'session_revoked' });
  await expect(session.refused('access-2', revoked)).rejects.toBe(revoked);
});

test('a refresh that fails for want of a network leaves the login as it is', async () => {
  using home = scratch();
  const clock = { now: start };
  const session = device(home.path, clock, async () => {
    throw new ApiError('Network', 'unreachable');
  });
  await session.establish(answer(1));
  clock.now += LIFE_S * 1_000;
  await expect(session.accessToken()).rejects.toMatchObject({ kind: 'Network' });
  expect(session.state.name).toBe('active');
  expect((await session.load())?.refresh_token).toBe('refresh-1');
});

test('a refused refresh ends the login, here and for the next process', async () => {
  using home = scratch();
  const clock = { now: start };
  const refuse = async () => {
    throw new ApiError('Unauthorized', 'the session was revoked', { status: 401 });
  };
  const session = device(home.path, clock, refuse);
  await session.establish(answer(1));
  clock.now += LIFE_S * 1_000;
  await expect(session.accessToken()).rejects.toMatchObject({ kind: 'Unauthorized' });
  expect(session.state).toEqual({ name: 'reauth_required', reason: 'the session was revoked' });
  const next = device(home.path, clock, refuse);
  await expect(next.accessToken()).rejects.toMatchObject({ kind: 'MissingCredential' });
});
