import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { type TopicClass, topics } from '#proto/topics.ts';
import { ageRows } from '../testing/aged-rows.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { delta, readLog, step } from '../testing/steps.ts';
import { transaction } from '../transaction.ts';
import { createJournal, type Journal } from './journal.ts';
import type { PublishDraft } from './publish.ts';
import {
  DELETED_ROWS_MAX,
  deleteExpiredRevocations,
  deleteForeignSnapshots,
  deleteUnreachable,
  dropPartition,
  dueFloors,
  listPartitions,
  moveFloors,
} from './retention.ts';
import { takeSnapshot } from './snapshots.ts';
import { findJournalDrift } from './sync-drift.ts';
import { headsByTopic } from './sync-read.ts';

const DAY_MS = 86_400_000;

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

type Published = Pick<PublishDraft, 'topic' | 'class' | 'owner'>;

const workerTopic = (): Published => ({
  topic: topics.workerEvents(newId('worker')),
  class: 'codex_worker_events',
  owner: { user_id: newId('user') },
});

const runsTopic = (): Published => {
  const user_id = newId('user');
  return { topic: topics.userRuns(user_id), class: 'run_summaries', owner: { user_id } };
};

async function publish(to: Published, rows: number): Promise<void> {
  const draft = { ...to, kind: 'test', payload: { text: 'x' } };
  await transaction(database.runtime, (tx) =>
    journal.publishIn(
      tx,
      Array.from({ length: rows }, () => draft),
    ),
  );
}

async function retain(
  { topic, class: topicClass }: { topic: string; class: TopicClass },
  retentionMs: number,
) {
  const due = await dueFloors(
    database.runtime,
    { topicClass, retentionMs },
    { afterTopicId: 0n, limit: 1_000 },
  );
  return moveFloors(
    database.runtime,
    topicClass,
    due.filter((one) => one.topic === topic),
  );
}

async function headOf(topic: string) {
  const [head] = await headsByTopic(database.runtime, [topic]);
  if (!head) throw new Error(`there is no topic ${topic}`);
  return head;
}

const drift = (topic: string) => findJournalDrift(database.runtime, { topics: [topic] });

test('the floor passes the newest row that is too old, and not one more', async () => {
  const to = workerTopic();
  await publish(to, 10);
  await ageRows(database.owner, { topic: to.topic, upToSeq: 6n, days: 3 });
  expect(await retain(to, 4 * DAY_MS)).toEqual([]);
  expect(await retain(to, 2 * DAY_MS)).toEqual([to.topic]);
  expect(await headOf(to.topic)).toMatchObject({ floorSeq: 6n, headSeq: 10n });
  expect(await retain(to, 2 * DAY_MS)).toEqual([]);
  expect(await drift(to.topic)).toEqual([]);
});

test('a younger row before an old one goes with it: the floor is a prefix', async () => {
  const to = workerTopic();
  await publish(to, 6);
  await ageRows(database.owner, { topic: to.topic, upToSeq: 5n, days: 3 });
  await database.owner`
    update runtime.sync_events set inserted_at = clock_timestamp()
    where topic_id = ${(await headOf(to.topic)).topicId} and seq = 2`;
  await retain(to, 2 * DAY_MS);
  expect((await headOf(to.topic)).floorSeq).toBe(5n);
});

test('where readers start from a snapshot, the floor waits for one that reaches it', async () => {
  const to = runsTopic();
  await publish(to, 4);
  await takeSnapshot(database.runtime, to.topic, Date.now());
  await publish(to, 4);
  await ageRows(database.owner, { topic: to.topic, upToSeq: 6n, days: 9 });
  expect(await retain(to, 7 * DAY_MS)).toEqual([]);
  expect(await headOf(to.topic)).toMatchObject({ floorSeq: 0n, snapshotSeq: 4n });
  await takeSnapshot(database.runtime, to.topic, Date.now());
  expect(await retain(to, 7 * DAY_MS)).toEqual([to.topic]);
  expect(await headOf(to.topic)).toMatchObject({ floorSeq: 6n, snapshotSeq: 8n });
  expect(await drift(to.topic)).toEqual([]);
});

test('a floor that was due in a lineage that is over does not move in the next', async () => {
  const to = workerTopic();
  await publish(to, 3);
  const due = {
    ...(await headOf(to.topic)),
    epoch: '00000000-0000-4000-8000-000000000000',
    floorSeq: 2n,
  };
  expect(await moveFloors(database.runtime, to.class, [due])).toEqual([]);
});

test("a run's floor moves and its log stays", async () => {
  const { run_id } = await createTestRun(database.runtime);
  await journal.append(step(run_id, [delta('a'), delta('b')]));
  const topic = topics.runEvents(run_id);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(await retain({ topic, class: 'run_events' }, 1)).toEqual([topic]);
  expect(await headOf(topic)).toMatchObject({ floorSeq: 2n, headSeq: 2n });
  expect(await readLog(database.runtime, run_id)).toHaveLength(2);
  await journal.append(step(run_id, [delta('c')]));
  expect(await headOf(topic)).toMatchObject({ floorSeq: 2n, headSeq: 3n });
  expect(await drift(topic)).toEqual([]);
});

test('a day goes once every floor has passed it, and today never does', async () => {
  const [first, second] = [workerTopic(), workerTopic()];
  for (const to of [first, second]) {
    await publish(to, 5);
    await ageRows(database.owner, { topic: to.topic, upToSeq: 3n, days: 5 });
  }
  const past = (await listPartitions(database.runtime)).find(
    ({ topicClass, day }) =>
      topicClass === 'codex_worker_events' && day === dayOf(Date.now() - 5 * DAY_MS),
  );
  if (!past) throw new Error('rows were aged into a partition');
  const drop = () => dropPartition(database.runtime, past.partition);
  expect(await drop()).toEqual({ outcome: 'held' });
  await retain(first, DAY_MS);
  expect(await drop()).toEqual({ outcome: 'held' });
  await retain(second, DAY_MS);

  const reading = await database.owner.reserve();
  await reading.unsafe(`begin; select from runtime.${past.partition} limit 1`);
  expect(await drop()).toEqual({ outcome: 'busy' });
  await reading.unsafe('commit');
  reading.release();
  expect(await drop()).toEqual({ outcome: 'dropped', rows: 6 });
  expect(await drift(first.topic)).toEqual([]);
  expect(await drift(second.topic)).toEqual([]);

  const today = past.partition.replace(/\d{8}$/, dayOf(Date.now()).replaceAll('-', ''));
  for (const partition of [today, 'sync_events_codex_worker_events_default', 'runs']) {
    await expect(dropPartition(database.runtime, partition)).rejects.toThrow('no partition');
  }
});

test('rows without a partition go in bounded batches', async () => {
  const to = workerTopic();
  await publish(to, 1);
  const { topicId } = await headOf(to.topic);
  const rows = DELETED_ROWS_MAX + 10;
  await database.owner`
    insert into runtime.sync_events (topic_id, seq, class, day, kind, payload, payload_sha256, inserted_at)
    select ${topicId}, n, 'codex_worker_events', '2020-01-01', 'test', '{}', sha256('{}'), '2020-01-01'
    from generate_series(2, ${rows}) n`;
  await database.owner`update runtime.sync_topics set head_seq = ${rows} where topic_id = ${topicId}`;
  expect(await deleteUnreachable(database.runtime, to.class)).toBe(0);
  await retain(to, DAY_MS);
  expect(await deleteUnreachable(database.runtime, to.class)).toBe(DELETED_ROWS_MAX);
  expect(await deleteUnreachable(database.runtime, to.class)).toBe(9);
  expect(await drift(to.topic)).toEqual([]);
});

test('snapshots of an old lineage and expired revocations go', async () => {
  const to = runsTopic();
  await publish(to, 1);
  await takeSnapshot(database.runtime, to.topic, Date.now());
  await database.runtime`
    update runtime.sync_topics set epoch = gen_random_uuid(), snapshot_seq = 0 where topic = ${to.topic}`;
  expect(await deleteForeignSnapshots(database.runtime)).toBe(1);
  await database.runtime`
    insert into runtime.sync_revocations (jti, not_before, expires_at)
    values ('old', '2020-01-01', '2020-01-01'), ('new', now(), now() + interval '1 hour')`;
  expect(await deleteExpiredRevocations(database.runtime)).toBe(1);
});

test('what the journal lacks or has too much of is found, per topic', async () => {
  const seeded = async (break_: (topicId: bigint) => Promise<unknown>) => {
    const to = runsTopic();
    await publish(to, 4);
    await break_((await headOf(to.topic)).topicId);
    return (await drift(to.topic)).map(({ kind }) => kind);
  };
  const { owner } = database;
  expect(await seeded(async () => undefined)).toEqual([]);
  expect(
    await seeded((id) => owner`delete from runtime.sync_events where topic_id = ${id} and seq = 2`),
  ).toEqual(['seq_missing']);
  expect(
    await seeded(
      (id) => owner`
        insert into runtime.sync_events select topic_id, seq, class, day - 1, kind, schema_version, payload,
          payload_sha256, doc_key, doc_version, inserted_at
        from runtime.sync_events where topic_id = ${id} and seq = 3`,
    ),
  ).toEqual(['seq_doubled']);
  expect(
    await seeded((id) => owner`update runtime.sync_topics set head_seq = 3 where topic_id = ${id}`),
  ).toEqual(['row_beyond_head']);
  expect(
    await seeded(
      (id) => owner`update runtime.sync_topics set snapshot_seq = 9 where topic_id = ${id}`,
    ),
  ).toEqual(['snapshot_beyond_head', 'snapshot_missing']);
  expect(
    await seeded(
      (id) => owner`update runtime.sync_topics set floor_seq = 2 where topic_id = ${id}`,
    ),
  ).toEqual(['floor_beyond_snapshot']);
});

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
