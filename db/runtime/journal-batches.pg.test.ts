import { afterAll, beforeAll, expect, test } from 'vitest';
import { verifyChain } from '#proto/event-chain.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { connect } from '../connect.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { delta, finish, readLog, step } from '../testing/steps.ts';
import { transaction } from '../transaction.ts';
import { findCommandReceipt } from './command-receipts.ts';
import type { DirtyTopic } from './hint-payload.ts';
import { createJournal, type Journal } from './journal.ts';
import { readPayload } from './run-events.ts';
import type { StepResult } from './step.ts';

let database: TestDatabase;
let journal: Journal;
const hints: DirtyTopic[] = [];

beforeAll(async () => {
  database = await testDatabase(['runtime']);
  journal = createJournal({ sql: database.runtime, hint: (dirty) => hints.push(...dirty) });
});
afterAll(async () => {
  await journal.close();
  await database[Symbol.asyncDispose]();
});

test('a bad step in a batch fails alone', async () => {
  const good = await createTestRun(database.runtime);
  const closed = await createTestRun(database.runtime);
  await finish(journal, closed.run_id);
  const results = await Promise.allSettled([
    journal.append(step(good.run_id, [delta('a')])),
    journal.append(step(closed.run_id, [delta('b')])),
    journal.append(step(newId('run'), [delta('c')])),
    journal.append(step(good.run_id, [delta('d')], { expected_previous_seq: 7n })),
    journal.append(step(good.run_id, [delta('e')])),
  ]);
  expect(results.map((result) => result.status)).toEqual([
    'fulfilled',
    'rejected',
    'rejected',
    'rejected',
    'fulfilled',
  ]);
  expect(await readLog(database.runtime, good.run_id)).toHaveLength(2);
});

test('the receipt of a command is stored with its step, and with no other', async () => {
  const good = await createTestRun(database.runtime);
  const closed = await createTestRun(database.runtime);
  await finish(journal, closed.run_id);
  const receiptOf = (audit_id: string) => (result: StepResult) => ({
    ...{ audit_id, request_id: 'req_1', principal: 'user_1', route: 'test', fingerprint: 'f' },
    positions: result.positions.map(({ topic, seq }) => ({ topic, seq: String(seq) })),
  });
  const ids = [newId('audit'), newId('audit'), newId('audit')] as const;
  const results = await Promise.allSettled([
    journal.append(step(good.run_id, [delta('a')]), receiptOf(ids[0])),
    journal.append(step(closed.run_id, [delta('b')]), receiptOf(ids[1])),
    journal.append(step(good.run_id, [delta('c')])),
    journal.append(step(good.run_id, [delta('d')]), receiptOf(ids[2])),
  ]);
  expect(results.map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
  ]);
  const receipts = await Promise.all(
    ids.map((audit_id) => findCommandReceipt(database.runtime, { audit_id, principal: 'user_1' })),
  );
  const topic = topics.runEvents(good.run_id);
  expect(receipts.map((receipt) => receipt?.positions[0])).toEqual([
    { topic, seq: '3' },
    undefined,
    { topic, seq: '3' },
  ]);
});

test('a step that breaks the whole statement fails alone', async () => {
  const good = await createTestRun(database.runtime);
  const bad = await createTestRun(database.runtime);
  const results = await Promise.allSettled([
    journal.append(step(good.run_id, [delta('a')])),
    journal.append(step(bad.run_id, [delta('b')], { patch: { turns: 2 ** 40 } })),
    journal.append(step(good.run_id, [delta('c')])),
  ]);
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(await readLog(database.runtime, bad.run_id)).toHaveLength(0);
});

test('steps of one run keep the order in which they came', async () => {
  const { run_id } = await createTestRun(database.runtime);
  await Promise.all(
    Array.from({ length: 600 }, (_, index) => journal.append(step(run_id, [delta(`${index}`)]))),
  );
  const events = await readLog(database.runtime, run_id);
  expect(events.map((event) => readPayload(event.payload)['delta'])).toEqual(
    Array.from({ length: 600 }, (_, index) => `${index}`),
  );
});

test('several processes append to the same runs without a gap or a deadlock', async () => {
  const runs = await Promise.all(
    Array.from({ length: 8 }, () => createTestRun(database.runtime, { user_id: newId('user') })),
  );
  const writers = [0, 1, 2].map(() => createJournal({ sql: database.runtime, hint: () => {} }));
  await Promise.all(
    writers.flatMap((writer) =>
      Array.from({ length: 10 }).flatMap((_, round) =>
        runs.map((run) =>
          writer.append(
            step(run.run_id, [delta(`${round}`)], {
              patch: { phase: round % 2 === 0 ? 'executing' : 'verifying' },
            }),
          ),
        ),
      ),
    ),
  );
  for (const { run_id } of runs) {
    const events = (await readLog(database.runtime, run_id)).map((event) => ({ ...event, run_id }));
    expect(verifyChain(events)).toMatchObject({ ok: true, head_seq: 30n });
  }
});

test('inside a transaction a rollback leaves neither event nor hint', async () => {
  const { run_id } = await createTestRun(database.runtime);
  hints.length = 0;
  const attempt = transaction(database.runtime, async (tx) => {
    await journal.appendIn(tx, step(run_id, [delta('a')]));
    throw new Error('changed my mind');
  });
  await expect(attempt).rejects.toThrow('changed my mind');
  expect(await readLog(database.runtime, run_id)).toHaveLength(0);
  expect(hints).toEqual([]);
  await transaction(database.runtime, (tx) => journal.appendIn(tx, step(run_id, [delta('a')])));
  expect(hints[0]).toMatchObject({ topic: `run:${run_id}:events`, head_seq: 1n });
});

test('an append reads the same few rows however long the log has become', async () => {
  await using fresh = await testDatabase(['runtime']);
  const sql = connect({ url: fresh.runtimeUrl, max: 1, applicationName: 'oa-test-plans' });
  const writer = createJournal({ sql, hint: () => {} });
  const { run_id } = await createTestRun(sql);
  const append = (key: string) =>
    transaction(sql, async (tx) => {
      const events = Array.from({ length: 50 }, (_, at) => delta('', `${key}/${at}`));
      await writer.appendIn(tx, step(run_id, events));
      const [reads] = await tx<{ rows: bigint }[]>`
          select sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::int8 as rows
          from pg_stat_xact_user_tables where relname in ('runs', 'run_events')`;
      return Number(reads?.rows);
    });
  // The connection's plans are made here, while the table is small.
  for (let number = 0; number < 10; number += 1) await append(`early ${number}`);
  const early = await append('early');
  for (let number = 0; number < 10; number += 1) {
    await writer.append(
      step(
        run_id,
        Array.from({ length: 300 }, (_, at) => delta('', `${number}/${at}`)),
      ),
    );
  }
  expect(early).toBeGreaterThan(0);
  expect(await append('late')).toBeLessThan(500);
  await sql.end();
});
