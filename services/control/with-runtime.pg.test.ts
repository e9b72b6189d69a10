import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import type { AuthVerifyResponse } from '#proto/gen/types.ts';
import { newId, parseId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { runtimeSettings } from '../runtime/config.ts';
import { startRuntime } from '../runtime/start.ts';
import { readConfig } from '../shared/config.ts';
import type { RunningServer } from '../shared/server.ts';
import { read, refusal, startTestControl, type TestControl } from './testing/control-process.ts';

let control: TestControl;
let runtime: RunningServer;
let database: TestDatabase;
let artifacts: string;
beforeAll(async () => {
  const port = await freePort();
  artifacts = await mkdtemp(join(tmpdir(), 'oa-control-artifacts-'));
  control = await startTestControl({ settings: { RUNTIME_URL: `http://127.0.0.1:${port}` } });
  database = await testDatabase(['runtime']);
  const settings = {
    OA_ENV: 'test',
    OA_LOG_LEVEL: 'silent',
    RUNTIME_PORT: String(port),
    RUNTIME_DATABASE_URL: database.runtimeUrl,
    // No run is started here.
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    OA_ARTIFACTS_DIR: artifacts,
    CONTROL_JWKS_URL: `${control.url}/.well-known/jwks.json`,
    OA_TRUSTED_SERVICES_FILE: control.settings['OA_TRUSTED_SERVICES_FILE'] ?? '',
  };
  runtime = await startRuntime(readConfig(runtimeSettings, settings));
});
afterAll(async () => {
  await control[Symbol.asyncDispose]();
  await runtime.close();
  await database[Symbol.asyncDispose]();
  await rm(artifacts, { recursive: true });
});

function tokenOf(login: AuthVerifyResponse): string {
  return login.tokens?.access_token ?? '';
}

async function registerWorker(login: AuthVerifyResponse) {
  const answer = await control.request('/api/runtime/workers', {
    token: tokenOf(login),
    json: { adapter: 'command' },
    headers: { 'idempotency-key': randomUUID() },
  });
  const { data } = await read(answer);
  return parseId('worker', (data['worker'] as { worker_id: string }).worker_id);
}

test('the runtime believes the gateway about who calls, and answers no stranger', async () => {
  const ada = await control.logIn('ada@example.com');
  const bob = await control.logIn('bob@example.com');
  const workerId = await registerWorker(ada);
  const path = `/api/runtime/workers/${workerId}`;
  const { data } = await read(await control.request(path, { token: tokenOf(ada) }));
  expect(data['worker']).toMatchObject({ worker_id: workerId });
  expect(await refusal(await control.request(path, { token: tokenOf(bob) }))).toBe('404 not_found');
  const direct = await fetch(`${runtime.url}/v1/workers/${workerId}`, {
    headers: { authorization: `Bearer ${tokenOf(ada)}` },
  });
  expect(direct.status).toBe(200);
});

test('a retry through the gateway is replayed by the runtime', async () => {
  const ada = await control.logIn('retry@example.com');
  const send = () =>
    control.request('/api/runtime/workers', {
      token: tokenOf(ada),
      json: { adapter: 'command' },
      headers: { 'idempotency-key': 'one-worker' },
    });
  const first = await send();
  const second = await send();
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(await second.text()).toBe(await first.text());
});

test('the owner of a worker may follow it, nobody else learns that it exists', async () => {
  const ada = await control.logIn('owner@example.com');
  const bob = await control.logIn('other@example.com');
  const workerId = await registerWorker(ada);
  const ask = (login: AuthVerifyResponse, topic: string) =>
    control.request('/api/sync/token', { token: tokenOf(login), json: { topics: [topic] } });
  expect((await ask(ada, topics.workerEvents(workerId))).status).toBe(200);
  const refusals = await Promise.all(
    [topics.workerEvents(workerId), topics.workerEvents(newId('worker'))].map(async (topic) => {
      const { request_id: _, ...problem } = (await (await ask(bob, topic)).json()) as object & {
        request_id: string;
      };
      return problem;
    }),
  );
  expect(refusals[0]).toMatchObject({ code: 'invalid_scope' });
  expect(refusals[0]).toEqual(refusals[1]);
});

test('every topic that control grants is one that the runtime lets join', async () => {
  const ada = await control.logIn('all@example.com');
  const userId = parseId('user', ada.user?.user_id ?? '');
  const orgId = parseId('org', ada.session?.active_org_id ?? '');
  const mine = [
    topics.userRuns(userId),
    topics.userWorkers(userId),
    topics.userNotifications(userId),
    topics.orgRuns(orgId),
    topics.orgWorkers(orgId),
    topics.workerEvents(await registerWorker(ada)),
  ];
  const json = { topics: mine };
  const { data } = await read(
    await control.request('/api/sync/token', { token: tokenOf(ada), json }),
  );
  expect((data['topics'] as { topic: string }[]).map(({ topic }) => topic)).toEqual(mine);
});

test('a session that ends here ends at the runtime', async () => {
  const ada = await control.logIn('leaver@example.com');
  const token = tokenOf(ada);
  const direct = () =>
    fetch(`${runtime.url}/v1/workers`, { headers: { authorization: `Bearer ${token}` } });
  expect((await direct()).status).toBe(200);
  await read(await control.request('/api/auth/logout', { token, json: {} }));
  await vi.waitFor(async () => expect((await direct()).status).toBe(401), 5_000);
  const told = await database.owner`
    select reason from runtime.sync_revocations where session_id = ${ada.session?.session_id ?? ''}`;
  expect(told).toEqual([{ reason: 'user_requested' }]);
  await vi.waitFor(async () => {
    const [line] = await control.auditOf('auth.sessions.revocation.propagation.completed');
    expect(line?.attributes).toMatchObject({ session_ids: [ada.session?.session_id] });
  });
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('a TCP port was asked for');
  return address.port;
}
