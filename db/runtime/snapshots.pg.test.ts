import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson } from '#proto/canonical.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { delta, step } from '../testing/steps.ts';
import { transaction } from '../transaction.ts';
import { createJournal, type Journal } from './journal.ts';
import { readSnapshot } from './snapshot-read.ts';
import { takeSnapshot, topicsWithoutFreshSnapshot } from './snapshots.ts';
import { headsByTopic } from './sync-read.ts';

let database: TestDatabase;
let journal: Journal;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
  journal = createJournal({ sql: database.runtime, hint: () => undefined });
});
afterAll(async () => {
  await journal.close();
  await database[Symbol.asyncDispose]();
});

async function stored(topic: string, known?: string) {
  const [head] = await headsByTopic(database.khala, [topic]);
  return head && readSnapshot(database.khala, head, known);
}

async function documentOf(topic: string) {
  const snapshot = await stored(topic);
  const text = snapshot?.payload?.toString('utf8') ?? '{}';
  return { snapshot, text, document: JSON.parse(text) };
}

test("a snapshot of runs holds each run's newest summary, as the topic tells it", async () => {
  const user_id = newId('user');
  const topic = topics.userRuns(user_id);
  for (let runs = 0; runs < 3; runs += 1) {
    const { run_id } = await createTestRun(database.runtime, { user_id });
    await journal.append(step(run_id, [delta('a')], { patch: { status: 'running' } }));
  }
  const taken = await takeSnapshot(database.runtime, topic, Date.now());
  const { snapshot, text, document } = await documentOf(topic);
  expect(taken?.asOfSeq).toBe(snapshot?.head.headSeq);
  expect(document).toMatchObject({
    format: 'openagents.sync.snapshot.v1',
    topic,
    epoch: snapshot?.head.epoch,
    as_of_seq: String(snapshot?.asOfSeq),
    omitted: 0,
  });
  expect(snapshot?.sha256Hex).toBe(createHash('sha256').update(text).digest('hex'));
  const keys = document.items.map((item: { doc_key: string }) => item.doc_key);
  expect(keys).toEqual([...keys].sort());
  const told = await database.runtime<{ doc_key: string; payload: Buffer }[]>`
    select distinct on (doc_key) doc_key, payload from runtime.sync_events
    where topic_id = ${snapshot?.head.topicId ?? 0n} order by doc_key, seq desc`;
  expect(document.items.map((item: object) => canonicalJson(item as never))).toEqual(
    told.map(({ doc_key, payload }) =>
      canonicalJson({
        doc_key,
        doc_version: JSON.parse(payload.toString()).latest_seq,
        kind: 'run.summary',
        payload: JSON.parse(payload.toString()),
      }),
    ),
  );
});

test('a snapshot and the rows after it miss nothing while runs move', async () => {
  const user_id = newId('user');
  const topic = topics.userRuns(user_id);
  const runs = await Promise.all(
    Array.from({ length: 8 }, () => createTestRun(database.runtime, { user_id })),
  );
  let moving = true;
  const writers = runs.map(async ({ run_id }) => {
    for (let phase = 0; moving; phase += 1) {
      const status = phase % 2 === 0 ? ('running' as const) : ('created' as const);
      await journal.append(step(run_id, [delta(String(phase))], { patch: { status } }));
    }
  });
  for (let round = 0; round < 8; round += 1) {
    await takeSnapshot(database.runtime, topic, Date.now());
    const { snapshot, document } = await documentOf(topic);
    const told = await database.runtime<{ doc_key: string; doc_version: bigint }[]>`
      select doc_key, max(doc_version) as doc_version from runtime.sync_events
      where topic_id = ${snapshot?.head.topicId ?? 0n} and seq <= ${snapshot?.asOfSeq ?? 0n} group by doc_key`;
    const held = new Map<string, bigint>(
      (document.items ?? []).map((item: { doc_key: string; doc_version: string }) => [
        item.doc_key,
        BigInt(item.doc_version),
      ]),
    );
    for (const { doc_key, doc_version } of told) {
      expect(held.get(doc_key), `round ${round}`).toBeGreaterThanOrEqual(doc_version);
    }
  }
  moving = false;
  await Promise.all(writers);
});

test('a topic has one snapshot, and those that moved since are found', async () => {
  const user_id = newId('user');
  const topic = topics.userRuns(user_id);
  const { run_id } = await createTestRun(database.runtime, { user_id });
  const move = (status: 'running' | 'created') =>
    journal.append(step(run_id, [delta('x')], { patch: { status } }));
  const waiting = async () => {
    const moved = await topicsWithoutFreshSnapshot(database.runtime, 'run_summaries', {
      afterTopicId: 0n,
      limit: 1_000,
    });
    return moved.some((one) => one.topic === topic);
  };
  await move('running');
  expect(await waiting()).toBe(true);
  await takeSnapshot(database.runtime, topic, Date.now());
  expect(await waiting()).toBe(false);
  await move('created');
  expect(await waiting()).toBe(true);
  await takeSnapshot(database.runtime, topic, Date.now());
  const first = await stored(topic);
  expect(first?.asOfSeq).toBe(first?.head.headSeq);
  expect((await stored(topic, first?.sha256Hex))?.payload).toBeNull();
  const rows = await database.runtime`
    select from runtime.sync_snapshots where topic_id = ${first?.head.topicId ?? 0n}`;
  expect(rows).toHaveLength(1);
});

test('a snapshot of a lineage that is over is not stored, and none is served', async () => {
  const user_id = newId('user');
  const topic = topics.userRuns(user_id);
  const { run_id } = await createTestRun(database.runtime, { user_id });
  await journal.append(step(run_id, [delta('x')], { patch: { status: 'running' } }));
  await takeSnapshot(database.runtime, topic, Date.now());
  await database.runtime`
    update runtime.sync_topics set epoch = gen_random_uuid() where topic = ${topic}`;
  expect(await stored(topic)).toBeUndefined();
});

test('a person is shown the questions that wait, and none that was answered', async () => {
  const user_id = newId('user');
  const topic = topics.userNotifications(user_id);
  const { run_id } = await createTestRun(database.runtime, { user_id });
  const ask = (id: string, state: string) => database.runtime`
    insert into runtime.approvals (approval_id, run_id, kind, subject, reason, state, expires_at, resolved_at)
    values (${id}, ${run_id}, 'test_edit', '{"text":"npm test"}', 'why', ${state},
      clock_timestamp() + interval '1 hour', ${state === 'requested' ? null : new Date()})`;
  await ask(newId('approval'), 'requested');
  await ask(newId('approval'), 'denied');
  await transaction(database.runtime, (tx) =>
    journal.publishIn(tx, [
      {
        topic,
        class: 'notifications',
        owner: { user_id },
        kind: 'approval.requested',
        payload: { run_id },
      },
    ]),
  );
  await takeSnapshot(database.runtime, topic, Date.now());
  const { document } = await documentOf(topic);
  expect(document.items).toHaveLength(1);
  expect(document.items[0]).toMatchObject({
    kind: 'approval.requested',
    payload: { run_id, subject: 'npm test', reason: 'why' },
  });
});

test('classes that have no snapshot get none', async () => {
  const { run_id } = await createTestRun(database.runtime);
  await journal.append(step(run_id, [delta('x')]));
  expect(await takeSnapshot(database.runtime, topics.runEvents(run_id), 0)).toBeUndefined();
  expect(await takeSnapshot(database.runtime, topics.orgTreasury(newId('org')), 0)).toBeUndefined();
});
