import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJournal } from '#db/runtime/journal.ts';
import { transaction } from '#db/transaction.ts';
import { parseId } from '#proto/ids.ts';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { giveRun, giveWorker } from '../testing/given.ts';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

let runtime: TestRuntime;
let alice: TestPerson;
let mallory: TestPerson;

beforeAll(async () => {
  // Time stands still, so that the publish rate is exact.
  const startedMs = Date.now();
  runtime = await startTestRuntime({ now: () => startedMs });
  alice = await runtime.person();
  mallory = await runtime.person();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

test('a batch is appended, read back in order, and repeated without a second copy', async () => {
  const runId = await giveRun(runtime, alice);
  const events = ['a', 'b', 'c'].map((key) => ({
    event_type: 'text.delta',
    payload: { item_id: 'i', delta: key },
    idempotency_key: key,
  }));
  const first = await alice.ask(`/v1/runs/${runId}/events`, { json: { events } });
  expect(first.status).toBe(200);
  expect(first.json.data.events.map(({ seq }: { seq: string }) => seq)).toEqual(['2', '3', '4']);
  expect(first.json.receipt).toMatchObject({
    principal: `user:${alice.user_id}`,
    positions: [{ topic: `run:${runId}:events`, seq: '4' }],
  });
  const again = await alice.ask(`/v1/runs/${runId}/events`, { json: { events } });
  expect(again.json.data.events.every(({ replayed }: { replayed: boolean }) => replayed)).toBe(
    true,
  );
  const page = await alice.ask(`/v1/runs/${runId}/events?after_seq=1&limit=2`);
  expect(page.json.data).toMatchObject({ head_seq: '4', as_of_seq: '3' });
  expect(
    page.json.data.events.map((event: { payload: { delta: string } }) => event.payload.delta),
  ).toEqual(['a', 'b']);
  expect(page.json.data.epoch).toMatch(/^[0-9a-f-]{36}$/);
});

test('the command receipt of an append is stored', async () => {
  const runId = await giveRun(runtime, alice);
  const answer = await append(alice, runId, { event_type: 'text.delta' });
  const { audit_id, fingerprint } = answer.json.receipt;
  const [stored] = await runtime.database.owner`
    select fingerprint, positions from runtime.command_receipts where audit_id = ${audit_id}`;
  expect(stored).toEqual({ fingerprint, positions: [{ topic: `run:${runId}:events`, seq: '2' }] });
});

test('an expected_previous_seq behind the head is refused with the head', async () => {
  const runId = await giveRun(runtime, alice);
  await append(alice, runId, { event_type: 'text.delta' });
  const answer = await alice.ask(`/v1/runs/${runId}/events`, {
    json: { events: [{ event_type: 'text.delta' }], expected_previous_seq: '1' },
  });
  expect(answer.status).toBe(409);
  expect(answer.json).toMatchObject({ code: 'sequence_conflict', current_seq: '2' });
});

test('a key of another event is a conflict, and nothing is appended', async () => {
  const runId = await giveRun(runtime, alice);
  await append(alice, runId, { event_type: 'text.delta', payload: { a: 1 }, idempotency_key: 'k' });
  const answer = await append(alice, runId, {
    event_type: 'text.delta',
    payload: { a: 2 },
    idempotency_key: 'k',
  });
  expect([answer.status, answer.json.code]).toEqual([422, 'idempotency_conflict']);
  expect(await headOf(runId)).toBe('2');
});

test('a key of the platform stays free, whatever keys a host uses, and each reads its own back', async () => {
  const runId = await giveRun(runtime, alice);
  const key = 'run:finished';
  const answer = await append(alice, runId, { event_type: 'text.delta', idempotency_key: key });
  expect(answer.status).toBe(200);
  const events = [{ event_type: 'run.finished', payload: {}, idempotency_key: key }];
  const { runtime: sql } = runtime.database;
  const journal = createJournal({ sql, hint: () => {} });
  await transaction(sql, (tx) =>
    journal.appendIn(tx, { run_id: parseId('run', runId), origin: 'platform', events }),
  );
  const page = await alice.ask(`/v1/runs/${runId}/events?after_seq=1`);
  expect(page.json.data.events).toMatchObject([
    { event_type: 'text.delta', idempotency_key: key },
    { event_type: 'run.finished', idempotency_key: key },
  ]);
  const longest = { event_type: 'text.delta', idempotency_key: 'k'.repeat(255) };
  expect((await append(alice, await giveRun(runtime, alice), longest)).status).toBe(200);
});

test.each([
  'run.finished',
  'payment.settled',
  'verification.finished',
  'policy.decided',
  'receipt.issued',
])('a host cannot write %s', async (event_type) => {
  const answer = await append(alice, await giveRun(runtime, alice), { event_type });
  expect([answer.status, answer.json.code]).toEqual([422, 'reserved_event_type']);
  expect(answer.json.errors[0].path).toBe('$.events[0].event_type');
});

test('secrets are redacted and NUL is replaced before the event is stored', async () => {
  const runId = await giveRun(runtime, alice);
  await append(alice, runId, {
    event_type: 'tool.result',
    payload: { api_key: 'sk-abcdefghijklmnopqrstuvwxyz012345', text: 'a\u0000b' },
  });
  const page = await alice.ask(`/v1/runs/${runId}/events?after_seq=1`);
  const [event] = page.json.data.events;
  expect(event.sanitized).toBe(true);
  expect(event.payload.text).toBe('a\ufffdb');
  expect(page.text).not.toContain('abcdefghijklmnop');
});

test('the host that holds the run may write its log; a stranger finds nothing', async () => {
  const host = await runtime.person();
  const worker_id = await giveWorker(host);
  const runId = await giveRun(runtime, alice, { worker_id });
  expect((await append(host, runId, { event_type: 'text.delta' })).status).toBe(200);
  const refused = await append(mallory, runId, { event_type: 'text.delta' });
  expect([refused.status, refused.json.code]).toEqual([404, 'not_found']);
});

test('a flood of batches is slowed down, and what was accepted is in the log', async () => {
  const runId = await giveRun(runtime, alice);
  const answers = await Promise.all(
    Array.from({ length: 260 }, () => append(alice, runId, { event_type: 'text.delta' })),
  );
  const refused = answers.filter(({ status }) => status === 429);
  expect(refused).toHaveLength(260 - TOPIC_POLICY.run_events.publishRatePerSecond);
  expect(refused[0]?.json).toMatchObject({ code: 'rate_limited', retryable: true });
  expect(refused[0]?.headers.get('retry-after')).toBe('1');
  expect(await headOf(runId)).toBe(String(1 + 260 - refused.length));
});

test('a frame happens once', async () => {
  const runId = await giveRun(runtime, alice);
  const frame = { frame_id: 'f1', type: 'user_message', payload: { text: 'hello' } };
  const first = await alice.ask(`/v1/runs/${runId}/frames`, { json: frame });
  expect([first.status, first.json.data.seq]).toEqual([202, '2']);
  const again = await alice.ask(`/v1/runs/${runId}/frames`, { json: frame });
  expect([again.status, again.json.data]).toEqual([
    200,
    { ...first.json.data, idempotent_replay: true },
  ]);
  const other = await alice.ask(`/v1/runs/${runId}/frames`, { json: { ...frame, type: 'cancel' } });
  expect([other.status, other.json.code]).toEqual([422, 'idempotency_conflict']);
});

async function append(person: TestPerson, runId: string, event: object) {
  return person.ask(`/v1/runs/${runId}/events`, { json: { events: [event] } });
}

async function headOf(runId: string): Promise<string> {
  return (await alice.ask(`/v1/runs/${runId}/events?limit=1`)).json.data.head_seq;
}
