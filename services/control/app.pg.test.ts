import { afterAll, beforeAll, expect, inject, test, vi } from 'vitest';
import { connect } from '#db/connect.ts';
import { PROTOCOL_VERSION, SCHEMA_VERSION } from '#proto/compat.ts';
import { CONTROL_ROUTES } from '#proto/http/control.ts';
import { read, refusal, startTestControl, type TestControl } from './testing/control-process.ts';

const ORIGIN = 'https://app.example';

let control: TestControl;
beforeAll(async () => {
  control = await startTestControl({ settings: { CONTROL_ALLOWED_ORIGINS: ORIGIN } });
});
afterAll(() => control[Symbol.asyncDispose]());

const OUTDATED = {
  'x-oa-client-build-id': '20250101T000000Z',
  'x-oa-protocol-version': String(PROTOCOL_VERSION),
  'x-oa-schema-version': String(SCHEMA_VERSION),
};

test('anyone learns where the services are and which clients are served', async () => {
  const { data } = await read(await control.request('/api/compatibility', { headers: OUTDATED }));
  expect(data).toMatchObject({
    endpoints: { runtime_url: control.upstream.url, khala_url: 'ws://127.0.0.1:4200/v1/sync' },
    windows: expect.arrayContaining([expect.objectContaining({ surface: 'control_api' })]),
  });
});

test('a client that is too old is told so on every other route, before any login', async () => {
  for (const path of ['/api/me', '/api/runtime/runs', '/api/auth/session']) {
    const answer = await control.request(path, { headers: OUTDATED });
    expect(answer.headers.get('x-oa-compatibility-code')).toBe('upgrade_required');
    expect(await refusal(answer)).toBe('426 upgrade_required');
  }
});

test('every route of the table is served, and needs the login that the table says', async () => {
  for (const { method, path, auth } of CONTROL_ROUTES) {
    const concrete = path.replaceAll(/:[a-z0-9_]+/g, 'x');
    const answer = await control.request(concrete, { method });
    if (auth === 'access')
      expect(`${method} ${path} ${answer.status}`).toBe(`${method} ${path} 401`);
    else expect([404, 405, 500]).not.toContain(answer.status);
    await answer.body?.cancel();
  }
});

test('an unknown path and an unknown method are problems', async () => {
  expect(await refusal(await control.request('/api/nothing'))).toBe('404 not_found');
  const answer = await control.request('/api/me', { method: 'DELETE' });
  expect(answer.headers.get('allow')).toBe('GET');
  expect(await refusal(answer)).toBe('405 method_not_allowed');
});

test.each([
  ['text/plain', '{"email":"a@example.com"}', '415 unsupported_media_type'],
  ['application/x-www-form-urlencoded', 'email=a@example.com', '415 unsupported_media_type'],
  ['application/json', '{"email":', '422 invalid_request'],
  ['application/json', `{"email":"${'a'.repeat(70_000)}"}`, '413 payload_too_large'],
])('a body of %s %.20s is refused', async (type, body, expected) => {
  const headers = { 'content-type': type };
  const answer = await control.request('/api/auth/email', { method: 'POST', body, headers });
  expect(await refusal(answer)).toBe(expected);
});

test('a listed origin may call from a browser, another one may not read', async () => {
  const preflight = (origin: string) =>
    control.request('/api/me', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET' },
    });
  const allowed = await preflight(ORIGIN);
  expect(allowed.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(allowed.headers.get('access-control-allow-credentials')).toBeNull();
  const answered = await control.request('/api/compatibility', { headers: { origin: ORIGIN } });
  expect(answered.headers.get('access-control-allow-origin')).toBe(ORIGIN);
  expect(answered.headers.get('access-control-expose-headers')).toContain('x-request-id');
  for (const origin of ['https://evil.example', 'null', `${ORIGIN}.evil.example`]) {
    const answer = await preflight(origin);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  }
});

test('the front page is small, loads nothing, and runs nothing', async () => {
  const answer = await control.request('/');
  const page = await answer.text();
  expect(answer.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'sha256-/,
  );
  expect(Buffer.byteLength(page)).toBeLessThan(20_000);
  expect(page).not.toMatch(/<script|src=|url\(|https?:/);
});

test('the download link leads to the configured place', async () => {
  const answer = await control.request('/download-desktop', { redirect: 'manual' });
  expect(answer.status).toBe(307);
  expect(answer.headers.get('location')).toContain('/releases/latest');
});

test('the description names every route', async () => {
  const document = (await (await control.request('/openapi.json')).json()) as { paths: object };
  for (const { path } of CONTROL_ROUTES) {
    expect(document.paths).toHaveProperty([path.replaceAll(/:([a-z0-9_]+)/g, '{$1}')]);
  }
});

test('health, readiness and metrics answer', async () => {
  expect(await (await control.request('/healthz')).json()).toMatchObject({ status: 'ok' });
  expect(await (await control.request('/readyz')).json()).toMatchObject({
    ready: true,
    dependencies: [{ name: 'postgres', state: 'ok' }],
  });
  const metrics = await (await control.request('/metrics')).text();
  expect(metrics).toContain('openagents_http_requests_total');
});

test('while the database is away every answer says so, and afterwards all is well', async () => {
  await using lonely = await startTestControl();
  const { tokens } = await lonely.logIn('ada@example.com');
  const me = () => lonely.request('/api/me', { token: tokens?.access_token ?? '' });
  const [row] = await lonely.database.owner<{ name: string }[]>`select current_database() as name`;
  const admin = connect({ url: inject('postgresUrl'), max: 1, applicationName: 'oa-test-outage' });
  await admin.unsafe(`alter database ${row?.name} allow_connections false`);
  await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${row?.name ?? ''}`;

  const answer = await me();
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await refusal(answer)).toBe('503 service_unavailable');
  expect((await lonely.request('/readyz')).status).toBe(503);
  expect((await lonely.request('/healthz')).status).toBe(200);

  await admin.unsafe(`alter database ${row?.name} allow_connections true`);
  await vi.waitFor(async () => expect((await me()).status).toBe(200), 10_000);
  await admin.end();
});
