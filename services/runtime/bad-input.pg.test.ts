import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Validation, validateMessage } from '#proto/validate.ts';
import { readEventBatch, readEventBatches } from './runs/event-batch.ts';
import { giveRun } from './testing/given.ts';
import {
  type Answered,
  sha256Text,
  startTestRuntime,
  type TestPerson,
  type TestRuntime,
} from './testing/runtime-process.ts';

/** Written as 9007199254740993 it would arrive as this. */
const BEYOND_2_53 = 2 ** 53;

const SPEC = {
  objective: 'x',
  work_unit: 'agent_task',
  agent: { driver: 'command', command: ['true'] },
};

let runtime: TestRuntime;
let alice: TestPerson;
let runId: string;

beforeAll(async () => {
  runtime = await startTestRuntime();
  alice = await runtime.person();
  runId = await giveRun(runtime, alice);
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

describe('a spec is refused with the path of each fault, and nothing is created', () => {
  test.each([
    ['an unknown field', { ...SPEC, objektive: 'y' }, ['$.spec.objektive']],
    ['a wrong type', { ...SPEC, objective: 7 }, ['$.spec.objective']],
    ['an unknown choice', { ...SPEC, work_unit: 'magic' }, ['$.spec.work_unit']],
    [
      'a number beyond 2^53',
      { ...SPEC, budget: { max_msats: BEYOND_2_53 } },
      ['$.spec.budget.max_msats'],
    ],
    ['a NUL', { ...SPEC, objective: 'a\u0000b' }, ['$.spec.objective']],
    [
      'two faults',
      { ...SPEC, objective: 7, thread_id: 8 },
      ['$.spec.objective', '$.spec.thread_id'],
    ],
    ['a missing repository', { ...SPEC, work_unit: 'sandbox_run' }, ['$.spec.repo']],
    [
      'a patch bundle without a harness',
      { ...SPEC, work_unit: 'verified_patch_bundle', repo: { source: '.' } },
      ['$.spec.verification.harness'],
    ],
    [
      'a harness that no verifier could run',
      {
        ...SPEC,
        repo: { source: '.' },
        verification: {
          harness: { commands: [' '], env: { 'A=B': 'x' }, mounts_ro: ['../../etc'] },
        },
      },
      [
        '$.spec.verification.harness.commands[0]',
        '$.spec.verification.harness.env.A=B',
        '$.spec.verification.harness.mounts_ro[0]',
      ],
    ],
    [
      'a command without words',
      { ...SPEC, agent: { driver: 'command' } },
      ['$.spec.agent.command'],
    ],
    [
      'another organisation',
      { ...SPEC, org_id: 'org_01jqxxxxxxxxxxxxxxxxxxxxxx' },
      ['$.spec.org_id'],
    ],
  ])('%s', async (_, spec, paths) => {
    const answer = await alice.ask('/v1/runs', { json: { spec } });
    expect([answer.status, answer.json.code]).toEqual([422, 'invalid_request']);
    expect(answer.json.errors.map(({ path }: { path: string }) => path).sort()).toEqual(paths);
    const [row] = await runtime.database.owner`select count(*)::int4 as count from runtime.runs`;
    expect(row?.['count']).toBe(1);
  });
});

test('a thread or a worker of somebody else is not there', async () => {
  const other = await runtime.person();
  const thread = (await other.ask('/v1/threads', { json: {} })).json.data.thread;
  const worker = (await other.ask('/v1/workers', { json: {} })).json.data.worker;
  for (const more of [
    { thread_id: thread.thread_id },
    { worker: { worker_id: worker.worker_id } },
  ]) {
    const answer = await alice.ask('/v1/runs', { json: { spec: { ...SPEC, ...more } } });
    expect([answer.status, answer.json.code]).toEqual([404, 'not_found']);
  }
});

describe('a body is refused before anybody reads it', () => {
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    alice.ask(`/v1/runs/${runId}/events`, {
      body,
      headers: { 'content-type': 'application/json', ...headers },
    });

  test.each([
    ['a form', 'application/x-www-form-urlencoded'],
    ['plain text', 'text/plain'],
    ['another charset', 'application/json; charset=utf-16'],
  ])('%s', async (_, type) => {
    const answer = await post('{}', { 'content-type': type });
    expect(refusal(answer)).toEqual([415, 'unsupported_media_type']);
  });

  test('more than a mebibyte', async () => {
    const answer = await post(`{"x": "${'y'.repeat(1_048_576)}"}`);
    expect(refusal(answer)).toEqual([413, 'payload_too_large']);
    expect(answer.headers.get('connection')).toBe('close');
  });

  test('more than a mebibyte, without saying so first', async () => {
    const response = await fetch(`${runtime.url}/v1/runs/${runId}/events`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${alice.token}` },
      body: new ReadableStream({
        start(controller) {
          for (let i = 0; i < 20; i += 1) controller.enqueue(new Uint8Array(65_536).fill(32));
          controller.close();
        },
      }),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
  });

  test('bytes that are no UTF-8', async () => {
    const answer = await post(new Uint8Array([0x22, 0xff, 0xfe, 0x22]));
    expect(refusal(answer)).toEqual([422, 'invalid_request']);
    expect(answer.json.errors[0]).toEqual({ path: '$', reason: 'is not valid UTF-8' });
  });

  test('half a million brackets', async () => {
    const answer = await post(`{"events": ${'['.repeat(500_000)}`);
    expect(refusal(answer)).toEqual([422, 'invalid_request']);
    expect(answer.json.errors[0].reason).toBe('is nested deeper than 128');
    const quoted = { event_type: 'text.delta', payload: { text: `\\"${'['.repeat(1_000)}` } };
    expect((await post(JSON.stringify({ events: [quoted] }))).status).toBe(200);
  });

  test('text that is no JSON', async () => {
    expect(refusal(await post('{"events": ['))).toEqual([422, 'invalid_request']);
  });
});

describe('a batch of events', () => {
  const BATCHES: [string, unknown][] = [
    ['no object', []],
    ['no events', {}],
    ['an empty list', { events: [] }],
    ['too many', { events: Array.from({ length: 501 }, () => ({ event_type: 'a' })) }],
    ['an unknown field', { events: [{ event_type: 'a', seq: 1 }], more: 1 }],
    ['no type', { events: [{ payload: {} }] }],
    ['a payload that is a list', { events: [{ event_type: 'a', payload: [] }] }],
    ['a key that is a number', { events: [{ event_type: 'a', idempotency_key: 7 }] }],
    ['a key that is too long', { events: [{ event_type: 'a', idempotency_key: 'k'.repeat(256) }] }],
    [
      'a position that is a number',
      { events: [{ event_type: 'a' }], expected_previous_seq: BEYOND_2_53 },
    ],
    [
      'a fine one',
      {
        events: [{ event_type: 'a.b', payload: { a: 1.5 }, idempotency_key: 'k' }],
        expected_previous_seq: '3',
      },
    ],
    ['a short one', { events: [{ event_type: 'a' }] }],
  ];
  test.each(BATCHES)('%s is judged as by the generated validator', (_, batch) => {
    const quick = readEventBatch(batch);
    const strict = validateMessage('openagents.runtime.v1.AppendRunEventsRequest', batch);
    expect(faultPaths(quick)).toEqual(faultPaths(strict));
  });

  const EVENTS = [{ event_type: 'a' }];
  const OF_RUNS: [string, unknown][] = [
    ['no object', 'x'],
    ['no batches', {}],
    ['an empty list', { batches: [] }],
    ['too many', { batches: Array.from({ length: 65 }, () => ({ run_id: 'r', events: EVENTS })) }],
    ['a batch that is a list', { batches: [[]] }],
    ['a batch of no run', { batches: [{ events: EVENTS }] }],
    ['a run without a name', { batches: [{ run_id: '', events: EVENTS }] }],
    ['a run of a long name', { batches: [{ run_id: 'r'.repeat(161), events: EVENTS }] }],
    ['a batch without events', { batches: [{ run_id: 'r' }] }],
    ['an event without a type', { batches: [{ run_id: 'r', events: [{}] }] }],
    ['an unknown field', { batches: [{ run_id: 'r', events: EVENTS, more: 1 }], more: 1 }],
    ['a fine one', { batches: [{ run_id: 'r', events: EVENTS }] }],
  ];
  test.each(OF_RUNS)('%s of several runs is judged as by the generated validator', (_, batches) => {
    const quick = readEventBatches(batches);
    const strict = validateMessage('openagents.runtime.v1.AppendEventsOfRunsRequest', batches);
    expect(faultPaths(quick)).toEqual(faultPaths(strict));
  });

  test('an event type that is none is refused with its path', async () => {
    const answer = await alice.ask(`/v1/runs/${runId}/events`, {
      json: { events: [{ event_type: 'text.delta' }, { event_type: 'Nope!' }] },
    });
    expect(refusal(answer)).toEqual([422, 'invalid_request']);
    expect(answer.json.errors[0].path).toBe('$.events[1].event_type');
  });

  test('an event larger than its class allows is refused', async () => {
    const answer = await alice.ask(`/v1/runs/${runId}/events`, {
      json: { events: [{ event_type: 'text.delta', payload: { text: 'x'.repeat(300_000) } }] },
    });
    expect(refusal(answer)).toEqual([413, 'payload_too_large']);
  });
});

describe('a query', () => {
  test.each([
    ['limit=0', 'query.limit'],
    ['limit=ten', 'query.limit'],
    ['limit=5&limit=6', 'query.limit'],
    ['sort=up', 'query.sort'],
    ['status=sleeping', 'query.status'],
    ['cursor=rubbish', '$.cursor'],
  ])('%s is refused by name', async (query, path) => {
    const answer = await alice.ask(`/v1/runs?${query}`);
    expect(refusal(answer)).toEqual([422, 'invalid_request']);
    expect(answer.json.errors[0].path).toBe(path);
  });

  test('a position beyond 2^63 is refused', async () => {
    const answer = await alice.ask(`/v1/runs/${runId}/events?after_seq=9223372036854775808`);
    expect(answer.json.errors[0].path).toBe('query.after_seq');
  });

  test('a position that no log can have is behind none', async () => {
    const answer = await alice.ask(`/v1/runs/${runId}/events`, {
      json: { events: [{ event_type: 'a.b' }], expected_previous_seq: '18446744073709551615' },
    });
    expect(refusal(answer)).toEqual([409, 'sequence_conflict']);
  });
});

test.each([
  ['GET', '/v1/threads/%00'],
  ['POST', '/v1/threads/%00/messages'],
  ['POST', '/v1/runs/RUN/approvals/%00'],
])('%s %s, a name with a NUL, names nothing', async (method, path) => {
  const json = path.includes('approvals') ? { decision: 'approve' } : { text: 'x' };
  const answer = await alice.ask(path.replace('RUN', runId), method === 'GET' ? {} : { json });
  expect(refusal(answer)).toEqual([404, 'not_found']);
});

describe('an artifact', () => {
  const put = (sha256: string, body: string, query = '?kind=output') =>
    alice.ask(`/v1/runs/${runId}/artifacts/${sha256}${query}`, { method: 'PUT', body });

  test('whose bytes do not match its hash is not kept', async () => {
    const answer = await put(sha256Text('good'), 'evil');
    expect(refusal(answer)).toEqual([422, 'hash_mismatch']);
    const read = await alice.ask(`/v1/runs/${runId}/artifacts/${sha256Text('evil')}`);
    expect(read.status).toBe(404);
  });

  test('under a name that is no hash is refused', async () => {
    expect((await put('sha256:xyz', 'x')).json.errors[0].path).toBe('path.sha256');
  });

  test('without a kind is refused', async () => {
    expect((await put(sha256Text('x'), 'x', '')).json.errors[0].path).toBe('query.kind');
  });

  test('is stored once and read back by its run alone', async () => {
    const sha256 = sha256Text('content');
    expect((await put(sha256, 'content')).status).toBe(201);
    expect((await put(sha256, 'content')).status).toBe(200);
    const read = await alice.ask(`/v1/runs/${runId}/artifacts/${sha256}`);
    expect([read.text, read.headers.get('etag')]).toEqual(['content', `"${sha256}"`]);
    const other = await giveRun(runtime, alice);
    expect((await alice.ask(`/v1/runs/${other}/artifacts/${sha256}`)).status).toBe(404);
  });
});

describe('a command', () => {
  test('without a key is refused', async () => {
    const response = await fetch(`${runtime.url}/v1/threads`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${alice.token}` },
      body: '{}',
    });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: 'idempotency_key_required' });
  });

  test('with a key that is no key is refused', async () => {
    const answer = await alice.ask('/v1/threads', { json: {}, key: 'k'.repeat(256) });
    expect(answer.json.errors[0].path).toBe('header.idempotency-key');
  });

  test('is the same whatever the order of its fields, and its answer is replayed', async () => {
    const first = await alice.ask('/v1/workers', {
      json: { adapter: 'command', labels: { a: '1', b: '2' } },
      key: 'twice',
    });
    const again = await alice.ask('/v1/workers', {
      json: { labels: { b: '2', a: '1' }, adapter: 'command' },
      key: 'twice',
    });
    expect(again.text).toBe(first.text);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    const other = await alice.ask('/v1/workers', { json: { adapter: 'codex' }, key: 'twice' });
    expect(refusal(other)).toEqual([422, 'idempotency_conflict']);
  });

  test('of two people under one key is two commands', async () => {
    const bob = await runtime.person();
    const mine = await alice.ask('/v1/threads', { json: {}, key: 'shared' });
    const theirs = await bob.ask('/v1/threads', { json: {}, key: 'shared' });
    expect(theirs.json.data.thread.thread_id).not.toBe(mine.json.data.thread.thread_id);
  });
});

test('a client outside the window is told what to do', async () => {
  const answer = await alice.ask('/v1/runs', {
    headers: {
      'x-oa-client-build-id': '20250101T000000Z',
      'x-oa-protocol-version': '1',
      'x-oa-schema-version': '1',
    },
  });
  expect(refusal(answer)).toEqual([426, 'upgrade_required']);
  expect(answer.headers.get('x-oa-compatibility-min-client-build-id')).toBe('20260101T000000Z');
});

test('a revoked session is out, and its siblings are not', async () => {
  const victim = await runtime.person();
  const sibling = await runtime.person({ user_id: victim.user_id, device_id: 'desktop' });
  expect((await victim.ask('/v1/runs')).status).toBe(200);
  const revoked = await runtime.service('control')('/internal/v1/sync/sessions/revoke', {
    json: { session_ids: [victim.session_id], reason: 'user_requested' },
  });
  expect(revoked.json.data).toEqual({ revoked: 1 });
  await expect
    .poll(async () => (await victim.ask('/v1/runs')).json?.code, { timeout: 3_000 })
    .toBe('session_revoked');
  expect((await sibling.ask('/v1/runs')).status).toBe(200);
});

function refusal({ status, json }: Answered) {
  return [status, json?.code];
}

/** Undefined where there is no fault. */
function faultPaths(judged: Validation<unknown>): string[] | undefined {
  return judged.ok ? undefined : judged.faults.map(({ path }) => path).sort();
}
