import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Route } from '#proto/http/routes.ts';
import { RUNTIME_ROUTES } from '#proto/http/runtime.ts';
import { newId } from '#proto/ids.ts';
import { giveRun, giveWorker } from './testing/given.ts';
import {
  type Ask,
  type Call,
  sha256Text,
  startTestRuntime,
  type TestPerson,
  type TestRuntime,
} from './testing/runtime-process.ts';

/** A body that each route would accept, so that what refuses it is the caller. */
const BODIES: Record<string, object> = {
  'runtime.run.create': {
    spec: {
      objective: 'x',
      work_unit: 'agent_task',
      agent: { driver: 'command', command: ['true'] },
    },
  },
  'runtime.run.events.append': { events: [{ event_type: 'text.delta' }] },
  'runtime.runs.events.append': {
    batches: [{ run_id: newId('run'), events: [{ event_type: 'text.delta' }] }],
  },
  'runtime.run.frame.submit': { frame_id: 'f', type: 'user_message' },
  'runtime.run.cancel': {},
  'runtime.run.message.post': { text: 'x' },
  'runtime.run.interrupt': {},
  'runtime.run.approval.request': {
    request_id: newId('req'),
    approval_key: '1/1',
    kind: 'command_execution',
  },
  'runtime.run.approval.resolve': { decision: 'approve' },
  'runtime.worker.register': {},
  'runtime.worker.heartbeat': { lease_epoch: '1' },
  'runtime.worker.status.set': { status: 'running' },
  'runtime.worker.events.append': { events: [{ event_type: 'worker.note' }] },
  'runtime.worker.request.dispatch': { method: 'thread/list' },
  'runtime.worker.stop': {},
  'runtime.thread.create': {},
  'runtime.thread.message.post': { text: 'x' },
  'runtime.thread.fork': {},
  'runtime.sync.topics.authorize': { user_id: 'u', topics: [] },
  'runtime.sync.revoke': { session_ids: ['s'] },
  'runtime.projectors.reproject': { run_id: newId('run') },
  'runtime.codec.decode': {},
  'runtime.codec.encode': {},
};

/** Routes about a thing that has an owner. */
const OWNED = /:(run_id|worker_id|thread_id)/;
const ARTIFACT = 'the bytes of an artifact';

let runtime: TestRuntime;
let alice: TestPerson;
let ids: Record<string, string>;
/** Signed by a key that this runtime does not trust. */
let forgedToken: string;

beforeAll(async () => {
  runtime = await startTestRuntime();
  await using other = await startTestRuntime();
  forgedToken = (await other.person()).token;
  alice = await runtime.person();
  const worker_id = await giveWorker(alice);
  const run_id = await giveRun(runtime, alice, { worker_id });
  const opened = await alice.ask('/v1/threads', { json: {} });
  const { thread_id } = opened.json.data.thread;
  ids = {
    run_id,
    worker_id,
    thread_id,
    approval_id: newId('approval'),
    sha256: sha256Text(ARTIFACT),
  };
  const stored = await alice.ask(`/v1/runs/${run_id}/artifacts/${ids['sha256']}?kind=output`, {
    method: 'PUT',
    body: ARTIFACT,
  });
  expect(stored.status).toBe(201);
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

const routes: readonly Route[] = RUNTIME_ROUTES;
const guarded = routes.filter(({ auth }) => auth !== 'none');
const forPeople = guarded.filter(({ auth }) => auth !== 'internal');
const forServices = guarded.filter(({ auth }) => auth === 'internal');

describe.each(guarded.map((route) => [route.name, route] as const))('%s', (_, route) => {
  test('refuses whoever does not say who they are', async () => {
    const answer = await call(runtime.anonymous, route);
    expect([answer.status, answer.json.code]).toEqual([401, 'unauthorized']);
  });

  test('refuses a forged token', async () => {
    const headers = { authorization: `Bearer ${forgedToken}` };
    const answer = await call(runtime.anonymous, route, { headers });
    expect(answer.status).toBe(401);
  });
});

describe.each(forPeople.map((route) => [route.name, route] as const))('%s', (_, route) => {
  if (OWNED.test(route.path)) {
    test('answers a stranger as if there were nothing', async () => {
      const answer = await call((await runtime.person()).ask, route);
      expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
    });
    test('lets its owner through', async () => {
      const answer = await call(alice.ask, route);
      expect([401, 403]).not.toContain(answer.status);
      if (answer.status === 404)
        expect(answer.json.detail).toMatch(/approval|bundle|turn|no thread/);
    });
  }
  test('asks for its scope', async () => {
    const scopeless = await runtime.person({ user_id: alice.user_id, scopes: [] });
    const answer = await call(scopeless.ask, route);
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden']);
    expect(answer.json.detail).toContain(route.scope);
  });
  test('is no route for a service that speaks for nobody', async () => {
    const answer = await call(runtime.service('verifier'), route);
    expect([401, 403]).toContain(answer.status);
  });
  test('knows a person in whose name the gateway calls', async () => {
    const principal = {
      user_id: newId('user'),
      org_id: '',
      scopes: ['runtime.read', 'runtime.write', 'ops.read'],
      session_id: 's',
      device_id: 'd',
    };
    const answer = await call(runtime.service('control', principal), route);
    if (OWNED.test(route.path)) expect(answer.status).toBe(404);
    else expect([401, 403]).not.toContain(answer.status);
    const forged = await call(runtime.service('verifier', principal), route);
    expect(forged.status).toBe(401);
  });
});

describe.each(forServices.map((route) => [route.name, route] as const))('%s', (_, route) => {
  test('refuses every person, and a service that speaks for one', async () => {
    expect((await call(alice.ask, route)).status).toBe(401);
    const principal = {
      user_id: alice.user_id,
      org_id: '',
      scopes: [],
      session_id: '',
      device_id: '',
    };
    expect((await call(runtime.service('control', principal), route)).status).toBe(401);
  });
  test('lets a service through', async () => {
    expect([401, 403]).not.toContain((await call(runtime.service('verifier'), route)).status);
  });
});

test('every route with a body has one here', () => {
  const missing = routes.filter(({ request, name }) => request !== null && !(name in BODIES));
  expect(missing.map(({ name }) => name)).toEqual([]);
});

function call(ask: Ask, route: Route, more: Call = {}) {
  const path = route.path.replaceAll(/:([a-z0-9_]+)/g, (_, name: string) => ids[name] ?? name);
  const query = route.query && 'kind' in route.query ? '?kind=output' : '';
  if (route.content === 'bytes') {
    return ask(path + query, { method: route.method, body: ARTIFACT, ...more });
  }
  const json = route.request === null ? undefined : BODIES[route.name];
  return ask(path, { method: route.method, ...(json && { json }), ...more });
}
