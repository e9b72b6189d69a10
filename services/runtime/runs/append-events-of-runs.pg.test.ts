import { afterAll, beforeAll, expect, test } from 'vitest';
import { TOPIC_POLICY } from '#proto/topics.ts';
import { giveRun, giveWorker } from '../testing/given.ts';
import { startTestRuntime, type TestPerson, type TestRuntime } from '../testing/runtime-process.ts';

let runtime: TestRuntime;
let host: TestPerson;
let stranger: TestPerson;

beforeAll(async () => {
  // Time stands still, so that the publish rate is exact.
  const startedMs = Date.now();
  runtime = await startTestRuntime({ now: () => startedMs });
  host = await runtime.person();
  stranger = await runtime.person();
});
afterAll(() => runtime?.[Symbol.asyncDispose]());

interface Result {
  run_id: string;
  code: string;
  head_seq: string;
  retry_after_ms: string;
  events: { seq: string; replayed: boolean }[];
}

const delta = (key: string) => ({ event_type: 'text.delta', idempotency_key: key });

async function append(
  person: TestPerson,
  batches: { run_id: string; events: object[] }[],
): Promise<Result[]> {
  const answer = await person.ask('/v1/run-events', { json: { batches } });
  expect(answer.status).toBe(200);
  return answer.json.data.results;
}

const seqs = ({ events }: Result) => events.map(({ seq }) => seq);

test('batches of several runs are appended, answered each by itself, and repeated without a second copy', async () => {
  const worker_id = await giveWorker(host);
  const own = await giveRun(runtime, host);
  const held = await giveRun(runtime, stranger, { worker_id });
  const batches = [
    { run_id: own, events: [delta('a'), delta('b')] },
    { run_id: held, events: [delta('a')] },
  ];
  const first = await append(host, batches);
  expect(first.map(({ run_id, head_seq, code }) => [run_id, head_seq, code])).toEqual([
    [own, '3', ''],
    [held, '2', ''],
  ]);
  expect(first.map(seqs)).toEqual([['2', '3'], ['2']]);
  const again = await append(host, batches);
  expect(again.map(seqs)).toEqual(first.map(seqs));
  expect(again.flatMap(({ events }) => events).every(({ replayed }) => replayed)).toBe(true);
});

test('one that is refused leaves the others alone', async () => {
  const own = await giveRun(runtime, host);
  const foreign = await giveRun(runtime, stranger);
  const taken = await giveRun(runtime, host);
  await append(host, [{ run_id: taken, events: [delta('k')] }]);
  const results = await append(host, [
    { run_id: foreign, events: [delta('a')] },
    { run_id: 'run_nothing', events: [delta('a')] },
    { run_id: taken, events: [{ event_type: 'text.done', idempotency_key: 'k' }] },
    { run_id: own, events: [delta('a')] },
  ]);
  expect(results.map(({ code }) => code)).toEqual([
    'not_found',
    'not_found',
    'idempotency_conflict',
    '',
  ]);
  const log = await stranger.ask(`/v1/runs/${foreign}/events`);
  expect(log.json.data.head_seq).toBe('1');
});

test('each run has its own rate', async () => {
  const [busy, calm] = [await giveRun(runtime, host), await giveRun(runtime, host)];
  const { publishRatePerSecond } = TOPIC_POLICY.run_events;
  for (let batch = 0; batch < publishRatePerSecond; batch += 1) {
    await append(host, [{ run_id: busy, events: [delta(`${batch}`)] }]);
  }
  const [refused, taken] = await append(host, [
    { run_id: busy, events: [delta('one more')] },
    { run_id: calm, events: [delta('first')] },
  ]);
  expect(refused?.code).toBe('rate_limited');
  expect(Number(refused?.retry_after_ms)).toBeGreaterThan(0);
  expect(taken?.code).toBe('');
});

test('the receipt of the request names where each run stands', async () => {
  const runs = [await giveRun(runtime, host), await giveRun(runtime, host)];
  const batches = runs.map((run_id) => ({ run_id, events: [delta('a')] }));
  const { json } = await host.ask('/v1/run-events', { json: { batches } });
  const positions = runs.map((run) => ({ topic: `run:${run}:events`, seq: '2' }));
  expect(json.receipt.positions).toEqual(positions);
  const [stored] = await runtime.database.owner`
    select positions from runtime.command_receipts where audit_id = ${json.receipt.audit_id}`;
  expect(stored).toEqual({ positions });
});

test('a run that stands in a request twice is refused as a whole', async () => {
  const run_id = await giveRun(runtime, host);
  const batches = ['a', 'b'].map((key) => ({ run_id, events: [delta(key)] }));
  const answer = await host.ask('/v1/run-events', { json: { batches } });
  expect([answer.status, answer.json.code]).toEqual([422, 'invalid_request']);
});
