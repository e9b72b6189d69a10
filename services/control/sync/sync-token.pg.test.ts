import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { AuthVerifyResponse } from '#proto/gen/types.ts';
import { newId, parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { read, refusal, startTestControl, type TestControl } from '../testing/control-process.ts';

const JKT = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

let control: TestControl;
let ada: AuthVerifyResponse;
let userId: ReturnType<typeof parseId<'user'>>;
beforeAll(async () => {
  control = await startTestControl();
  ada = await control.logIn('ada@example.com');
  userId = parseId('user', ada.user?.user_id ?? '');
});
afterAll(() => control[Symbol.asyncDispose]());
beforeEach(() => {
  control.upstream.broken = false;
});

function ask(json: object, path = '/api/sync/token') {
  return control.request(path, { token: ada.tokens?.access_token ?? '', json });
}

async function claimsOf(token: unknown) {
  const published = await (await control.request('/.well-known/jwks.json')).json();
  const keys = createLocalJWKSet(published as JSONWebKeySet);
  const { payload } = await jwtVerify(String(token), keys, {
    issuer: 'openagents-control',
    audience: 'openagents-khala',
    currentDate: control.clock.now(),
  });
  return payload;
}

test('a token names exactly the topics that were asked, and where they are served', async () => {
  const runId = newId('run');
  const asked = [topics.userRuns(userId), topics.runEvents(runId)];
  control.upstream.owned.set(topics.runEvents(runId), userId);
  const { data } = await read(await ask({ topics: asked, jkt: JKT }));
  const claims = await claimsOf(data['token']);
  expect(claims).toMatchObject({
    sub: userId,
    sid: ada.session?.session_id,
    did: 'laptop',
    oid: ada.session?.active_org_id,
    topics: asked,
    scopes: ['runtime.run_summaries', 'runtime.run_events'],
    cnf: { jkt: JKT },
    jti: data['token_id'],
  });
  expect((claims.exp ?? 0) - (claims.iat ?? 0)).toBe(300);
  expect(data).toMatchObject({
    expires_in_seconds: 300,
    endpoints: [{ url: 'ws://127.0.0.1:4200/v1/sync', topics: asked }],
    topics: [
      { topic: asked[0], required_scope: 'runtime.run_summaries' },
      { topic: asked[1], required_scope: 'runtime.run_events' },
    ],
  });
});

test.each(['/api/v1/sync/token', '/api/khala/token'])('%s is the same route', async (path) => {
  const { data } = await read(await ask({ topics: [topics.userRuns(userId)] }, path));
  expect((await claimsOf(data['token']))['topics']).toEqual([topics.userRuns(userId)]);
});

test.each([
  [{ jkt: JKT }, 300],
  [{ jkt: JKT, ttl_seconds: 60 }, 60],
  [{ jkt: JKT, ttl_seconds: 900 }, 900],
  [{}, 60],
  [{ ttl_seconds: 900 }, 60],
])('with %j a token lives %i seconds', async (more, seconds) => {
  const { data } = await read(await ask({ topics: [topics.userRuns(userId)], ...more }));
  const { exp = 0, iat = 0 } = await claimsOf(data['token']);
  expect(exp - iat).toBe(seconds);
  expect(data['token_type']).toBe('jkt' in more ? 'KhalaProof' : 'Bearer');
});

test.each([59, 901, -1, 1.5, '300'])('a life of %j seconds is refused', async (ttl_seconds) => {
  const answer = await ask({ topics: [topics.userRuns(userId)], ttl_seconds, jkt: JKT });
  expect(await refusal(answer)).toBe('422 invalid_request');
});

test('another person’s run, an unknown run and a made-up topic are refused alike', async () => {
  const theirs = topics.runEvents(newId('run'));
  control.upstream.owned.set(theirs, newId('user'));
  const unknown = topics.runEvents(newId('run'));
  const bodies = await Promise.all(
    [theirs, unknown].map(async (topic) => {
      const answer = await ask({ topics: [topic] });
      const { status, code, errors } = (await answer.json()) as Record<string, unknown>;
      return { status, code, errors };
    }),
  );
  expect(bodies[0]).toEqual(bodies[1]);
  expect(bodies[0]).toMatchObject({ status: 422, code: 'invalid_scope' });
  expect(await refusal(await ask({ topics: ['run:*:events'] }))).toBe('422 invalid_scope');
});

test('one topic too many and nothing is granted', async () => {
  const answer = await ask({ topics: [topics.userRuns(userId), topics.userRuns(newId('user'))] });
  expect(await refusal(answer)).toBe('422 invalid_scope');
});

test.each([
  ['the topic of revocations', topics.systemRevocations],
  ['the runs of another person', topics.userRuns(newId('user'))],
  ['the runs of another organisation', topics.orgRuns(newId('org'))],
  ['a worker of nobody', topics.workerEvents(newId('worker'))],
])('%s cannot be joined', async (_, topic) => {
  expect(await refusal(await ask({ topics: [topic] }))).toBe('422 invalid_scope');
});

test('scopes beyond the role are refused', async () => {
  const answer = await ask({ topics: [topics.userRuns(userId)], scopes: ['ops.read'] });
  expect(await refusal(answer)).toBe('422 invalid_scope');
});

test('a token for another device is refused', async () => {
  const answer = await ask({ topics: [topics.userRuns(userId)], device_id: 'phone' });
  expect(await refusal(answer)).toBe('403 forbidden');
});

test('no topics, too many topics and a malformed thumbprint are refused', async () => {
  const one = topics.userRuns(userId);
  expect(await refusal(await ask({ topics: [] }))).toBe('422 invalid_request');
  expect(await refusal(await ask({ topics: Array(257).fill(one) }))).toBe('422 invalid_request');
  expect(await refusal(await ask({ topics: [one], jkt: 'short' }))).toBe('422 invalid_request');
});

test('a runtime that cannot be asked grants nothing', async () => {
  control.upstream.broken = true;
  const answer = await ask({ topics: [topics.userRuns(userId)] });
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await refusal(answer)).toBe('503 service_unavailable');
});

test('without a valid access token there is no sync token', async () => {
  const json = { topics: [topics.userRuns(userId)] };
  expect(await refusal(await control.request('/api/sync/token', { json }))).toBe(
    '401 unauthorized',
  );
});

test('grants and denials are written down, tokens are not', async () => {
  const issued = await control.auditOf('sync.token.issued');
  const denied = await control.auditOf('sync.token.denied');
  expect(issued.every(({ attributes }) => Array.isArray(attributes['topics']))).toBe(true);
  expect(issued.length).toBeGreaterThan(5);
  expect(denied.map(({ attributes }) => attributes['reason'])).toEqual(
    expect.arrayContaining(['invalid_scope', 'forbidden', 'service_unavailable']),
  );
  expect(JSON.stringify([issued, denied])).not.toContain('eyJ');
});
