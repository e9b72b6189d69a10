import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newId, type RunId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { transaction } from '../transaction.ts';
import { createHinter } from './hint.ts';
import { HINT_CHANNEL, parseHint } from './hint-payload.ts';
import { createJournal, type Journal } from './journal.ts';
import type { PublishDraft } from './publish.ts';
import { headsById, headsByTopic, readAfter } from './sync-read.ts';

let database: TestDatabase;
let journal: Journal;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
  journal = createJournal({ sql: database.runtime, hint: () => {} });
});
afterAll(() => database[Symbol.asyncDispose]());

const WIDE = { rowsMax: 1_000, bytesMax: 1_000_000 };

async function appendDeltas(run_id: RunId, count: number, text = 'x'): Promise<void> {
  const event = { event_type: 'text.delta', payload: { delta: text } };
  await journal.append({ run_id, origin: 'platform', events: Array(count).fill(event) });
}

function workerRow(worker: ReturnType<typeof newId<'worker'>>, number: number): PublishDraft {
  return {
    topic: topics.workerEvents(worker),
    class: 'codex_worker_events',
    owner: { user_id: 'user_x' },
    kind: 'worker.request',
    payload: { number },
  };
}

function publish(rows: PublishDraft[]) {
  return transaction(database.runtime, (tx) => journal.publishIn(tx, rows));
}

async function head(topic: string) {
  const [found] = await headsByTopic(database.khala, [topic]);
  if (found === undefined) throw new Error(`no head of ${topic}`);
  return found;
}

test('Khala reads a run topic from the log and a worker topic from the journal, in one call', async () => {
  const { run_id, user_id } = await createTestRun(database.runtime);
  const worker = newId('worker');
  await appendDeltas(run_id, 3);
  await publish([workerRow(worker, 1), workerRow(worker, 2)]);
  const run = await head(topics.runEvents(run_id));
  const other = await head(topics.workerEvents(worker));
  expect(run).toMatchObject({
    class: 'run_events',
    headSeq: 3n,
    floorSeq: 0n,
    ownerUserId: user_id,
  });
  expect(other).toMatchObject({ class: 'codex_worker_events', headSeq: 2n });
  const rows = await readAfter(
    database.khala,
    [run, other].map((one) => ({ ...one, afterSeq: 1n })),
    WIDE,
  );
  expect(rows.map((row) => [row.topicId, row.seq, row.kind])).toEqual([
    [run.topicId, 2n, 'text.delta'],
    [run.topicId, 3n, 'text.delta'],
    [other.topicId, 2n, 'worker.request'],
  ]);
  expect(rows.map((row) => row.eventHash?.length)).toEqual([32, 32, undefined]);
  expect(rows[2]?.payload.toString()).toBe('{"number":2}');
});

test('heads of many topics come by name or id; a topic that nobody wrote is absent', async () => {
  const { run_id } = await createTestRun(database.runtime);
  await appendDeltas(run_id, 2);
  const { topicId } = await head(topics.runEvents(run_id));
  expect(await headsById(database.khala, [topicId, 999_999n])).toMatchObject([{ headSeq: 2n }]);
  expect(await headsByTopic(database.khala, [topics.runEvents(newId('run'))])).toEqual([]);
});

describe('a page', () => {
  test('is bounded by rows and by bytes, per topic, but never empty where a row exists', async () => {
    const small = await createTestRun(database.runtime);
    const large = await createTestRun(database.runtime);
    await appendDeltas(small.run_id, 20);
    await appendDeltas(large.run_id, 3, 'y'.repeat(5_000));
    const at = await Promise.all(
      [small, large].map(async (run) => ({
        ...(await head(topics.runEvents(run.run_id))),
        afterSeq: 0n,
      })),
    );
    const rows = await readAfter(database.khala, at, { rowsMax: 10, bytesMax: 100 });
    const of = (index: number) => rows.filter((row) => row.topicId === at[index]?.topicId);
    expect(of(0).length).toBeLessThan(10);
    expect(of(0).length).toBeGreaterThan(1);
    expect(of(1)).toHaveLength(1);
  });

  test('at the head is empty', async () => {
    const { run_id } = await createTestRun(database.runtime);
    await appendDeltas(run_id, 1);
    const at = { ...(await head(topics.runEvents(run_id))), afterSeq: 1n };
    expect(await readAfter(database.khala, [at], WIDE)).toEqual([]);
  });
});

describe('other topics', () => {
  test('count from 1 without a gap, whoever writes at once', async () => {
    const worker = newId('worker');
    const other = newId('worker');
    const positions = await Promise.all(
      Array.from({ length: 12 }, (_, number) =>
        publish([workerRow(worker, number), workerRow(other, number), workerRow(worker, number)]),
      ),
    );
    const seqs = positions.flat().filter((one) => one.topic === topics.workerEvents(worker));
    expect(seqs.map((one) => Number(one.seq)).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 24 }, (_, index) => index + 1),
    );
    const at = { ...(await head(topics.workerEvents(worker))), afterSeq: 0n };
    expect(await readAfter(database.khala, [at], WIDE)).toHaveLength(24);
  });

  test('keep their head and leave no hole after a rollback', async () => {
    const worker = newId('worker');
    await publish([workerRow(worker, 1)]);
    const attempt = transaction(database.runtime, async (tx) => {
      await journal.publishIn(tx, [workerRow(worker, 2)]);
      throw new Error('rolled back');
    });
    await expect(attempt).rejects.toThrow('rolled back');
    const [position] = await publish([workerRow(worker, 3)]);
    expect(position?.seq).toBe(2n);
  });

  test('refuse a payload over the cap of their class', async () => {
    const row = { ...workerRow(newId('worker'), 1), payload: { text: 'x'.repeat(131_072) } };
    await expect(publish([row])).rejects.toMatchObject({ code: 'payload_too_large' });
  });
});

test('a status or phase change puts the newest summary on the topics of user and organisation', async () => {
  const org_id = newId('org');
  const { run_id, user_id } = await createTestRun(database.runtime, { org_id });
  await appendDeltas(run_id, 1);
  await appendDeltas(run_id, 1);
  const event = { event_type: 'run.phase_changed', payload: { phase: 'verifying' } };
  const result = await journal.append({
    run_id,
    origin: 'platform',
    events: [event],
    patch: { status: 'running', phase: 'verifying' },
  });
  expect(result.positions).toEqual([
    { topic: topics.runEvents(run_id), seq: 3n },
    { topic: topics.orgRuns(org_id), seq: 2n },
    { topic: topics.userRuns(user_id), seq: 2n },
  ]);
  const at = { ...(await head(topics.orgRuns(org_id))), afterSeq: 0n };
  const rows = await readAfter(database.khala, [at], WIDE);
  expect(rows.map((row) => [row.kind, row.docKey, row.docVersion])).toEqual([
    ['run.summary', run_id, 1n],
    ['run.summary', run_id, 3n],
  ]);
  expect(JSON.parse(rows[1]?.payload.toString() ?? '')).toMatchObject({
    phase: 'verifying',
    latest_seq: '3',
  });
});

test('after a commit the hint names topic and head', async () => {
  const { run_id } = await createTestRun(database.runtime);
  const hinter = createHinter({ url: database.runtimeUrl, applicationName: 'oa-test-hint' });
  const writer = createJournal({ sql: database.runtime, hint: hinter.hint });
  const heard: string[] = [];
  const heardTwo = new Promise<void>((resolve) => {
    void database.khala
      .listen(HINT_CHANNEL, (payload) => {
        heard.push(payload);
        if (heard.flatMap(parseHint).some((hint) => hint.head_seq === 2n)) resolve();
      })
      .then(async () => {
        const event = { event_type: 'text.delta', payload: {} };
        await writer.append({ run_id, origin: 'platform', events: [event, event] });
      });
  });
  await heardTwo;
  const { topicId } = await head(topics.runEvents(run_id));
  expect(heard.flatMap(parseHint)).toContainEqual({ topic_id: topicId, head_seq: 2n });
  await hinter.close();
});

describe('partitions', () => {
  test('stand ready for today and seven days ahead, for every class but run_events', async () => {
    const rows = await database.owner<{ parent: string; days: bigint }[]>`
      select inhparent::regclass::text as parent, count(*) as days from pg_inherits
      where inhrelid::regclass::text ~ '_[0-9]{8}$' group by 1 order by 1`;
    expect(rows.map((row) => [row.parent.replace('runtime.sync_events_', ''), row.days])).toEqual(
      [
        'aegis',
        'codex_worker_events',
        'codex_worker_summaries',
        'notifications',
        'run_summaries',
        'system',
        'treasury',
      ].map((name) => [name, 8n]),
    );
  });

  test('are created once, by the service, and rows of a missed day move into theirs', async () => {
    const worker = newId('worker');
    await database.owner.unsafe(
      `drop table runtime.sync_events_codex_worker_events_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`,
    );
    await publish([workerRow(worker, 1)]);
    const [created] = await database.runtime<
      { n: number }[]
    >`select runtime.ensure_sync_partitions(7) as n`;
    const [again] = await database.runtime<
      { n: number }[]
    >`select runtime.ensure_sync_partitions(7) as n`;
    expect([created?.n, again?.n]).toEqual([1, 0]);
    const [left] = await database.owner<{ n: bigint }[]>`
      select count(*) as n from runtime.sync_events_codex_worker_events_default`;
    expect(left?.n).toBe(0n);
    const at = { ...(await head(topics.workerEvents(worker))), afterSeq: 0n };
    expect(await readAfter(database.khala, [at], WIDE)).toHaveLength(1);
  });
});
