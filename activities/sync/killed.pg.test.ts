/** A worker that dies around the commit of a pass leaves a journal that is whole, and the next pass ends what it began. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createJournal } from '#db/runtime/journal.ts';
import { findJournalDrift } from '#db/runtime/sync-drift.ts';
import { headsByTopic } from '#db/runtime/sync-read.ts';
import { ageRows } from '#db/testing/aged-rows.ts';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
});
afterAll(() => database?.[Symbol.asyncDispose]());

async function agedTopic(): Promise<string> {
  const user_id = newId('user');
  const topic = topics.userRuns(user_id);
  const journal = createJournal({ sql: database.runtime, hint: () => undefined });
  const row = {
    ...{ topic, class: 'run_summaries' as const, owner: { user_id } },
    ...{ kind: 'test', payload: {} },
  };
  await transaction(database.runtime, (tx) => journal.publishIn(tx, [row, row, row]));
  await journal.close();
  await ageRows(database.owner, { topic, upToSeq: 2n, days: 9 });
  return topic;
}

async function pass(dieAt: string): Promise<string | null> {
  const script = join(import.meta.dirname, 'testing', 'retention-process.ts');
  const child = spawn(process.execPath, [script, dieAt], {
    env: { PATH: process.env['PATH'], RUNTIME_DATABASE_URL: database.runtimeUrl },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
  return signal ?? (code === 0 ? null : `code ${code}`);
}

async function countersOf(topic: string) {
  const [head] = await headsByTopic(database.runtime, [topic]);
  return { floorSeq: head?.floorSeq, snapshotSeq: head?.snapshotSeq };
}

test.each([
  ['before the snapshot is stored', 'commit 1', { floorSeq: 0n, snapshotSeq: 0n }],
  ['after it', 'committed 1', { floorSeq: 0n, snapshotSeq: 3n }],
  ['before the floor has moved', 'commit 2', { floorSeq: 0n, snapshotSeq: 3n }],
  ['after it', 'committed 2', { floorSeq: 2n, snapshotSeq: 3n }],
])('killed %s (%s)', async (_, dieAt, left) => {
  const topic = await agedTopic();
  expect(await pass(dieAt)).toBe('SIGKILL');
  expect(await countersOf(topic)).toEqual(left);
  expect(await findJournalDrift(database.runtime, { topics: [topic] })).toEqual([]);
  expect(await pass('never')).toBe(null);
  expect(await countersOf(topic)).toEqual({ floorSeq: 2n, snapshotSeq: 3n });
  expect(await findJournalDrift(database.runtime, { topics: [topic] })).toEqual([]);
});
