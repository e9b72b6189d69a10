import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as openSocket } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { AuthVerifyResponse } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import { refusal, startTestControl, type TestControl } from '../testing/control-process.ts';
import { json } from '../testing/upstream-server.ts';

const TIMEOUT_MS = 400;
const RUN = newId('run');

let control: TestControl;
let ada: AuthVerifyResponse;
beforeAll(async () => {
  control = await startTestControl({ gatewayTimeoutMs: TIMEOUT_MS });
  ada = await control.logIn('ada@example.com');
});
afterAll(() => control[Symbol.asyncDispose]());
beforeEach(() => {
  control.upstream.requests.length = 0;
  control.upstream.respond = (_, response) => json(response, { data: {} });
});

function call(path: string, init: RequestInit & { json?: unknown } = {}) {
  return control.request(path, { token: ada.tokens?.access_token ?? '', ...init });
}

function arrived() {
  const [request] = control.upstream.requests;
  if (!request) throw new Error('nothing arrived at the runtime');
  return request;
}

test('a request arrives in the name of its caller, and only in theirs', async () => {
  await call(`/api/runtime/runs/${RUN}/events?after_seq=7&limit=20`, {
    headers: { 'x-request-id': 'mine-1', traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01` },
  });
  const { method, target, headers, caller } = arrived();
  expect(`${method} ${target}`).toBe(`GET /v1/runs/${RUN}/events?after_seq=7&limit=20`);
  expect(caller).toMatchObject({
    service: 'control',
    principal: {
      user_id: ada.user?.user_id,
      org_id: ada.session?.active_org_id,
      session_id: ada.session?.session_id,
      device_id: 'laptop',
    },
  });
  expect(headers['x-request-id']).toBe('mine-1');
  expect(headers['traceparent']).toMatch(/^00-a{32}-(?!b{16})[0-9a-f]{16}-0[01]$/);
});

test('nothing that a caller says about identity reaches the runtime', async () => {
  await call('/api/runtime/runs', {
    headers: {
      cookie: 'oa_access_token=x',
      forwarded: 'for=1.2.3.4',
      te: 'trailers',
      'proxy-authorization': 'Basic eDp5',
      'x-forwarded-for': '1.2.3.4',
      'x-forwarded-host': 'evil.example',
      'x-oa-guest-scope': 'everyone',
      'x-oa-runtime-signature': 'v1.x.y',
      'x-oa-user-id': newId('user'),
      'x-anything-else': '1',
    },
  });
  expect(Object.keys(arrived().headers).sort()).toEqual([
    'accept',
    'accept-language',
    'connection',
    'host',
    'traceparent',
    'user-agent',
    'x-oa-internal-assertion',
    'x-request-id',
  ]);
});

test('an assertion from outside opens nothing', async () => {
  const headers = { 'x-oa-internal-assertion': 'eyJhbGciOiJub25lIn0.e30.' };
  expect(await refusal(await call('/api/runtime/runs', { headers }))).toBe('401 unauthorized');
  expect(control.upstream.requests).toEqual([]);
});

test('without a session nothing is forwarded', async () => {
  const answer = await control.request(`/api/runtime/runs/${RUN}`);
  expect(await refusal(answer)).toBe('401 unauthorized');
  expect(control.upstream.requests).toEqual([]);
});

test('a body arrives byte for byte with the caller’s idempotency key', async () => {
  const body = '{ "spec" : {"objective":"größer\\u0000"} , "big":12345678901234567890}';
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'key-1' };
  await call('/api/runtime/runs', { method: 'POST', body, headers });
  expect(arrived().body).toBe(body);
  expect(arrived().headers).toMatchObject(headers);
});

test.each([
  [404, { code: 'not_found', detail: 'Nothing is here.', odd: [1, 2] }],
  [409, { code: 'sequence_conflict', current_seq: '7' }],
  [410, { code: 'stale_cursor' }],
  [422, { code: 'invalid_request', errors: [{ path: '$.spec', reason: 'is required' }] }],
  [429, { code: 'rate_limited', retry_after_ms: '1500' }],
  [500, { code: 'internal_error' }],
  [503, { code: 'worker_unavailable', retry_after_ms: '5000' }],
])('a problem %i of the runtime passes unchanged', async (status, problem) => {
  const bytes = JSON.stringify(problem, null, 1);
  control.upstream.respond = (_, response) => {
    const headers = { 'content-type': 'application/problem+json', 'retry-after': '2' };
    response.writeHead(status, headers).end(bytes);
  };
  const answer = await call(`/api/runtime/runs/${RUN}`);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.headers.get('retry-after')).toBe('2');
  expect(await answer.text()).toBe(bytes);
});

test('what belongs to one hop stays there, and what is the answer’s own passes', async () => {
  control.upstream.respond = (_, response) => {
    response.writeHead(200, {
      connection: 'close, x-hop',
      'x-hop': '1',
      'keep-alive': 'timeout=1',
      'set-cookie': 'a=b',
      'access-control-allow-origin': '*',
      etag: '"7"',
      'idempotency-replayed': 'true',
      'content-encoding': 'gzip',
    });
    response.end(Buffer.from('1f8b0800000000000003030000000000000000', 'hex').subarray(0, 0));
  };
  const answer = await call(`/api/runtime/runs/${RUN}`);
  expect(answer.headers.get('etag')).toBe('"7"');
  expect(answer.headers.get('idempotency-replayed')).toBe('true');
  expect(answer.headers.get('content-encoding')).toBe('gzip');
  for (const name of ['x-hop', 'set-cookie', 'access-control-allow-origin']) {
    expect(answer.headers.get(name)).toBeNull();
  }
});

test('a 304 has no body and keeps its tag', async () => {
  control.upstream.respond = ({ headers }, response) =>
    response.writeHead(headers['if-none-match'] === '"7"' ? 304 : 200, { etag: '"7"' }).end();
  const answer = await call(`/api/runtime/runs/${RUN}`, { headers: { 'if-none-match': '"7"' } });
  expect([answer.status, answer.headers.get('etag')]).toEqual([304, '"7"']);
});

test('an answer streams: its first line is here before its last is written', async () => {
  const finish = Promise.withResolvers<void>();
  control.upstream.respond = async (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('{"line":1}\n');
    await finish.promise;
    response.end('{"line":2}\n');
  };
  const answer = await call(`/api/runtime/runs/${RUN}/replay`);
  const reader = answer.body?.getReader();
  const first = await reader?.read();
  expect(new TextDecoder().decode(first?.value)).toBe('{"line":1}\n');
  finish.resolve();
  const second = await reader?.read();
  expect(new TextDecoder().decode(second?.value)).toBe('{"line":2}\n');
});

test('an artifact passes under the hash in its path', async () => {
  const bytes = randomBytes(300_000);
  const sha256 = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const path = `/api/runtime/runs/${RUN}/artifacts/${sha256}?kind=patch`;
  expect((await call(path, { method: 'PUT', body: bytes })).status).toBe(200);
  expect(arrived().body).toBe(bytes.toString());
  expect(arrived().target).toBe(
    `/v1/runs/${RUN}/artifacts/${encodeURIComponent(sha256)}?kind=patch`,
  );
});

test('bytes that are not those of the path are refused by the runtime', async () => {
  const sha256 = `sha256:${'0'.repeat(64)}`;
  const path = `/api/runtime/runs/${RUN}/artifacts/${sha256}?kind=patch`;
  expect((await call(path, { method: 'PUT', body: 'other bytes' })).status).toBe(401);
});

test('a body beyond the route’s limit is refused here', async () => {
  const body = 'x'.repeat(70_000);
  const headers = { 'content-type': 'application/json', 'idempotency-key': 'k' };
  const answer = await call(`/api/runtime/runs/${RUN}/cancel`, { method: 'POST', body, headers });
  expect(await refusal(answer)).toBe('413 payload_too_large');
  expect(control.upstream.requests).toEqual([]);
});

test.each([
  '/api/runtime/../internal/v1/sync/sessions/revoke',
  '/api/runtime/%2e%2e/internal/v1/sync/sessions/revoke',
  '/api/runtime/..%2f..%2finternal',
  '/api/runtime//runs',
  '/api/runtime/internal/v1/runs',
  '/api/runtime',
  '/api/runtimeruns',
])('%s leads nowhere', async (path) => {
  const answer = await rawGet(path);
  expect(answer).toMatch(/^HTTP\/1\.1 40[14] /);
  expect(control.upstream.requests.filter(({ target }) => !target.startsWith('/v1/runs/'))).toEqual(
    [],
  );
});

test('an id that is a path stays one segment', async () => {
  expect(await rawGet('/api/runtime/runs/..%2f..%2finternal')).toMatch(/^HTTP\/1\.1 200 /);
  const targets = control.upstream.requests.map(({ target }) => target);
  expect(targets).toEqual(['/v1/runs/..%2F..%2Finternal']);
});

test('a runtime that says nothing for too long is a timeout', async () => {
  control.upstream.respond = () => {};
  const answer = await call(`/api/runtime/runs/${RUN}`);
  expect(answer.headers.get('retry-after')).toBe('1');
  expect(await refusal(answer)).toBe('504 timeout');
});

test('a runtime that breaks off in the middle does not look complete', async () => {
  control.upstream.respond = (_, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('{"line":1}\n', () => response.destroy());
  };
  const answer = await call(`/api/runtime/runs/${RUN}/replay`);
  await expect(answer.text()).rejects.toThrow();
});

test('a caller who leaves takes the request to the runtime along', async () => {
  const left = Promise.withResolvers<void>();
  control.upstream.respond = (_, response) => {
    response.on('close', () => left.resolve());
  };
  const leaving = new AbortController();
  const answer = call(`/api/runtime/runs/${RUN}`, { signal: leaving.signal });
  await vi.waitFor(() => expect(control.upstream.requests).toHaveLength(1));
  leaving.abort();
  await expect(answer).rejects.toThrow();
  await left.promise;
});

test('a runtime that is not there is a 503 that says when to come back', async () => {
  await using lonely = await startTestControl({ settings: { RUNTIME_URL: 'http://127.0.0.1:9' } });
  const { tokens } = await lonely.logIn('ada@example.com');
  const answer = await lonely.request('/api/runtime/runs', { token: tokens?.access_token ?? '' });
  expect(answer.status).toBe(503);
  expect(await answer.json()).toMatchObject({
    code: 'service_unavailable',
    retryable: true,
    retry_after_ms: '1000',
  });
});

/** As a client that normalises nothing would send it. */
async function rawGet(path: string): Promise<string> {
  const { hostname, port } = new URL(control.url);
  const socket = openSocket(Number(port), hostname);
  socket.write(
    `GET ${path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${ada.tokens?.access_token}\r\nconnection: close\r\n\r\n`,
  );
  let answer = '';
  socket.on('data', (chunk) => {
    answer += chunk;
  });
  await once(socket, 'close');
  return answer;
}
