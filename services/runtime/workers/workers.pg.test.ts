import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { giveRun, giveWorker } from '../testing/given.ts';
import {
  sha256Text,
  startTestRuntime,
  type TestPerson,
  type TestRuntime,
} from '../testing/runtime-process.ts';
import { NOTHING_CHANGED, type ScriptedHost, startScriptedHost } from '../testing/scripted-host.ts';

const ORG = 'org_01jq8z0000000000000000000a';

let runtime: TestRuntime;
let alice: TestPerson;

beforeAll(async () => {
  runtime = await startTestRuntime();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());
beforeEach(async () => {
  alice = await runtime.person();
});

describe('registration', () => {
  test('gives a lease and says from where the topic continues', async () => {
    const answer = await alice.ask('/v1/workers', {
      json: { adapter: 'command', workspace_ref: '/work', labels: { os: 'linux' } },
    });
    expect(answer.status).toBe(201);
    const { worker, topic, head_seq, lease_ms, renew_ms } = answer.json.data;
    expect(worker).toMatchObject({
      status: 'running',
      heartbeat_state: 'fresh',
      lease_epoch: '1',
      latest_seq: '1',
      labels: { os: 'linux' },
    });
    expect({ topic, head_seq }).toEqual({
      topic: `worker:${worker.worker_id}:events`,
      head_seq: '1',
    });
    expect(lease_ms).toBe(3 * renew_ms);
    expect(answer.json.receipt.positions.map((at: { topic: string }) => at.topic)).toEqual([
      topic,
      `user:${alice.user_id}:workers`,
    ]);
  });

  test('gives a lease as long as the installation says', async () => {
    await using hasty = await startTestRuntime({ settings: { OA_WORKER_LEASE_MS: '3000' } });
    const owner = await hasty.person();
    const sentAtMs = Date.now();
    const answer = await owner.ask('/v1/workers', { json: { adapter: 'command' } });
    const { worker, lease_ms, renew_ms } = answer.json.data;
    expect({ lease_ms, renew_ms }).toEqual({ lease_ms: 3_000, renew_ms: 1_000 });
    const renewed = await owner.ask(`/v1/workers/${worker.worker_id}/heartbeat`, {
      json: { lease_epoch: '1' },
    });
    const lastsMs = Date.parse(renewed.json.data.lease_expires_at) - sentAtMs;
    expect(lastsMs).toBeGreaterThanOrEqual(3_000);
    expect(lastsMs).toBeLessThan(30_000);
  });

  test('of a known worker by its owner takes it over: the old lease is void', async () => {
    const worker_id = await giveWorker(alice);
    const again = await alice.ask('/v1/workers', { json: { worker_id, metadata: { pid: 7 } } });
    expect([again.status, again.json.data.worker.lease_epoch]).toEqual([200, '2']);
    const old = await alice.ask(`/v1/workers/${worker_id}/heartbeat`, {
      json: { lease_epoch: '1' },
    });
    expect([old.status, old.json.code]).toEqual([409, 'conflict']);
    const beyond = await alice.ask(`/v1/workers/${worker_id}/heartbeat`, {
      json: { lease_epoch: '18446744073709551615' },
    });
    expect([beyond.status, beyond.json.code]).toEqual([409, 'conflict']);
    const current = await alice.ask(`/v1/workers/${worker_id}/heartbeat`, {
      json: { lease_epoch: '2', metadata_patch: { load: 1 } },
    });
    expect(current.status).toBe(200);
    const { worker } = (await alice.ask(`/v1/workers/${worker_id}`)).json.data;
    expect(worker.metadata).toEqual({ pid: 7, load: 1 });
  });

  test('of a worker of somebody else finds nothing', async () => {
    const worker_id = await giveWorker(await runtime.person());
    expect((await alice.ask('/v1/workers', { json: { worker_id } })).status).toBe(404);
  });
});

describe('sharing', () => {
  test('members see and use a shared worker, and only its owner commands it', async () => {
    const owner = await runtime.person({ org_id: ORG });
    const member = await runtime.person({ org_id: ORG });
    const worker_id = await giveWorker(owner, { org_id: ORG, shared_with_org: true });
    expect((await member.ask(`/v1/workers/${worker_id}`)).status).toBe(200);
    expect((await member.ask('/v1/workers')).json.data.workers).toHaveLength(1);
    expect((await request(member, worker_id, { method: 'thread/list' })).status).toBe(202);
    const stop = await member.ask(`/v1/workers/${worker_id}/stop`, { json: {} });
    expect([stop.status, stop.json.code]).toEqual([403, 'forbidden']);
    const outsider = await runtime.person();
    expect((await outsider.ask(`/v1/workers/${worker_id}`)).status).toBe(404);
  });
});

describe('status', () => {
  test('follows the life of a worker and is journaled', async () => {
    const worker_id = await giveWorker(alice);
    const stop = await alice.ask(`/v1/workers/${worker_id}/stop`, { json: { reason: 'lunch' } });
    expect([stop.status, stop.json.data.worker.status]).toEqual([202, 'stopping']);
    const back = await setStatus(worker_id, 'running');
    expect([back.status, back.json.code]).toEqual([409, 'conflict']);
    expect(back.json.detail).toContain('A stopping worker cannot become running');
    const stopped = await setStatus(worker_id, 'stopped');
    expect(stopped.json.data.worker).toMatchObject({
      status: 'stopped',
      heartbeat_state: 'stopped',
    });
    const { events } = (await alice.ask(`/v1/workers/${worker_id}/events`)).json.data;
    expect(events.map((event: { event_type: string }) => event.event_type)).toEqual([
      'worker.started',
      'worker.stopping',
      'worker.stopped',
    ]);
    const late = await request(alice, worker_id, { method: 'thread/list' });
    expect([late.status, late.json.code]).toEqual([409, 'conflict']);
  });

  test('of a host that fell silent is stale, and it takes no request', async () => {
    const worker_id = await giveWorker(alice);
    await runtime.database.owner`
      update runtime.workers set lease_expires_at = now() - interval '1 second' where worker_id = ${worker_id}`;
    const { worker } = (await alice.ask(`/v1/workers/${worker_id}`)).json.data;
    expect(worker.heartbeat_state).toBe('stale');
    const refused = await request(alice, worker_id, { method: 'thread/list' });
    expect([refused.status, refused.json.code]).toEqual([503, 'worker_unavailable']);
  });

  function setStatus(worker_id: string, status: string) {
    return alice.ask(`/v1/workers/${worker_id}/status`, { json: { status } });
  }
});

describe('a request', () => {
  let host: ScriptedHost;
  beforeEach(async () => {
    host = await startScriptedHost(alice);
  });

  test('is an event of the worker, and is answered once', async () => {
    const sent = await request(alice, host.worker_id, { request_id: 'r1', method: 'thread/list' });
    expect([sent.status, sent.json.data.request.state]).toEqual([202, 'pending']);
    const open = await host.request('thread/list');
    const first = await host.answer(open, { threads: [] });
    expect(first.json.data.events[0]).toMatchObject({
      event_type: 'worker.response',
      payload: { request_id: 'r1', ok: true, response: { threads: [] } },
    });
    const second = await host.refuse(open, { code: 'internal_error', message: 'changed my mind' });
    expect(second.json.data.events).toEqual(first.json.data.events);
    const { requests } = (await alice.ask(`/v1/workers/${host.worker_id}/requests`)).json.data;
    expect(requests).toMatchObject([{ request_id: 'r1', state: 'succeeded' }]);
    const [receipts] = await runtime.database.owner`
      select count(*)::int4 as count from runtime.worker_events
      where worker_id = ${host.worker_id} and event_type in ('worker.response', 'worker.error')`;
    expect(receipts?.['count']).toBe(1);
  });

  test('sent twice is one request; another body under its id is a conflict', async () => {
    const draft = { request_id: 'r1', method: 'thread/list', params: { limit: 5 } };
    const [first, again] = [
      await request(alice, host.worker_id, draft),
      await request(alice, host.worker_id, draft),
    ];
    expect(again.json.data).toMatchObject({ seq: first.json.data.seq, idempotent_replay: true });
    const other = await request(alice, host.worker_id, { ...draft, params: { limit: 6 } });
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_conflict']);
  });

  test('can be waited for', async () => {
    const waiting = alice.ask(`/v1/workers/${host.worker_id}/requests?wait_ms=10000`, {
      json: { method: 'thread/read', thread_id: 't' },
    });
    await host.refuse(await host.request('thread/read'), { code: 'conflict', message: 'gone' });
    const answer = await waiting;
    expect(answer.status).toBe(200);
    expect(answer.json.data.request).toMatchObject({ state: 'failed', error_code: 'conflict' });
  });

  test('that nobody answers in time is 202 with the position to follow', async () => {
    const answer = await alice.ask(`/v1/workers/${host.worker_id}/requests?wait_ms=150`, {
      json: { method: 'thread/list' },
    });
    expect([answer.status, answer.json.data.seq]).toEqual([202, '2']);
  });

  test.each([
    [{ method: 'rm/rf' }, 'unsupported_method', '$.method'],
    [{ method: 'turn/interrupt' }, 'invalid_request', '$.thread_id'],
  ])('like %j is refused', async (draft, code, path) => {
    const answer = await request(alice, host.worker_id, draft);
    expect([answer.status, answer.json.code, answer.json.errors[0].path]).toEqual([
      422,
      code,
      path,
    ]);
  });

  test('of a loop is slowed down', async () => {
    for (let index = 0; index < 60; index += 1) {
      await request(alice, host.worker_id, { method: 'thread/list' });
    }
    const refused = await request(alice, host.worker_id, { method: 'thread/list' });
    expect([refused.status, refused.json.code]).toEqual([429, 'rate_limited']);
  });
});

describe('an answer to a turn', () => {
  let host: ScriptedHost;
  let runId: string;
  beforeEach(async () => {
    host = await startScriptedHost(alice);
    runId = await giveRun(runtime, alice, { worker_id: host.worker_id });
    await request(alice, host.worker_id, {
      request_id: 'turn',
      method: 'turn/start',
      thread_id: 't',
    });
    await runtime.database.owner`
      update runtime.worker_requests set run_id = ${runId} where worker_id = ${host.worker_id}`;
  });

  test.each([
    ['a status that is none', { ...NOTHING_CHANGED, status: 'fine' }, 'status'],
    ['no exit code', { ...NOTHING_CHANGED, exit_code: undefined }, 'exit_code'],
    ['a patch without a hash', { ...NOTHING_CHANGED, patch: { bytes: '1' } }, 'patch.sha256'],
    [
      'a patch that was never stored',
      { ...NOTHING_CHANGED, patch: { sha256: sha256Text('never'), bytes: '5' } },
      'patch',
    ],
  ])('with %s is refused, and the request stays open', async (_, response, path) => {
    const answer = await host.answer(await host.request('turn/start'), response);
    expect([answer.status, answer.json.code]).toEqual([422, 'invalid_request']);
    expect(answer.json.errors[0].path).toBe(`$.events[0].payload.response.${path}`);
    expect((await host.request('turn/start')).state).toBe('pending');
  });

  test('may name what the run has stored', async () => {
    const sha256 = sha256Text('diff');
    await alice.ask(`/v1/runs/${runId}/artifacts/${sha256}?kind=patch`, {
      method: 'PUT',
      body: 'diff',
    });
    const patch = { kind: 'patch', sha256, bytes: 4 };
    const answer = await host.answer(await host.request('turn/start'), {
      ...NOTHING_CHANGED,
      patch,
    });
    expect(answer.status).toBe(200);
  });
});

test.each(['worker.request', 'worker.stopped', 'worker.summary'])(
  'a host cannot write %s itself',
  async (event_type) => {
    const worker_id = await giveWorker(alice);
    const answer = await alice.ask(`/v1/workers/${worker_id}/events`, {
      json: { events: [{ event_type }] },
    });
    expect([answer.status, answer.json.code]).toEqual([422, 'reserved_event_type']);
  },
);

test('a host that floods its topic is slowed down', async () => {
  const startedMs = Date.now();
  await using still = await startTestRuntime({ now: () => startedMs });
  const noisy = await still.person();
  const worker_id = await giveWorker(noisy);
  const rate = TOPIC_POLICY.codex_worker_events.publishRatePerSecond;
  const answers = await Promise.all(
    Array.from({ length: rate + 5 }, () =>
      noisy.ask(`/v1/workers/${worker_id}/events`, {
        json: { events: [{ event_type: 'worker.note' }] },
      }),
    ),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(5);
  expect(refused[0]?.json).toMatchObject({ code: 'rate_limited', retryable: true });
});

test('a receipt for a request that was never made is refused, with the batch around it', async () => {
  const worker_id = await giveWorker(alice);
  const answer = await alice.ask(`/v1/workers/${worker_id}/events`, {
    json: {
      events: [
        { event_type: 'worker.note', payload: { text: 'before' } },
        { event_type: 'worker.response', payload: { request_id: 'never' } },
      ],
    },
  });
  expect([answer.status, answer.json.errors[0].path]).toEqual([
    404,
    '$.events[1].payload.request_id',
  ]);
  const { events } = (await alice.ask(`/v1/workers/${worker_id}/events`)).json.data;
  expect(events).toHaveLength(1);
});

test('topics are granted to whom they belong', async () => {
  const worker_id = await giveWorker(alice);
  const runId = await giveRun(runtime, alice);
  const mallory = await runtime.person();
  const topics = [
    `run:${runId}:events`,
    `worker:${worker_id}:events`,
    `user:${alice.user_id}:runs`,
    'system:revocations',
    'run:*:events',
  ];
  const allowedFor = async (user_id: string) => {
    const answer = await runtime.service('control')('/internal/v1/sync/topics/authorize', {
      json: { user_id, topics },
    });
    return answer.json.data.topics
      .filter(({ allowed }: { allowed: boolean }) => allowed)
      .map(({ topic }: { topic: string }) => topic);
  };
  expect(await allowedFor(alice.user_id)).toEqual(topics.slice(0, 3));
  expect(await allowedFor(mallory.user_id)).toEqual([]);
});

test('what a worker reports is stored without its secrets, alike in its log and on its topic', async () => {
  const worker_id = await giveWorker(alice);
  await alice.ask(`/v1/workers/${worker_id}/events`, {
    json: {
      events: [{ event_type: 'worker.note', payload: { api_key: 'sk-123', text: 'a\u0000b' } }],
    },
  });
  const { events } = (await alice.ask(`/v1/workers/${worker_id}/events`)).json.data;
  const stored = events.at(-1).payload;
  expect(stored.api_key).not.toContain('sk-123');
  expect(stored.text).toBe('a\uFFFDb');
});

function request(person: TestPerson, worker_id: string, draft: object) {
  return person.ask(`/v1/workers/${worker_id}/requests`, { json: draft });
}
