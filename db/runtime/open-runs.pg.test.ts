import { afterAll, beforeAll, expect, test } from 'vitest';
import { newId } from '#proto/ids.ts';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { createTestRun } from '../testing/runs.ts';
import { listOpenRuns, noteUnreachedRun, takeUnreachedRuns } from './open-runs.ts';

let db: TestDatabase;
let open: string[];
let ended: string;
beforeAll(async () => {
  db = await testDatabase(['runtime']);
  open = [];
  for (let index = 0; index < 5; index += 1) open.push((await createTestRun(db.runtime)).run_id);
  ended = (await createTestRun(db.runtime)).run_id;
  await db.owner`update runtime.runs set status = 'failed' where run_id = ${ended}`;
});
afterAll(() => db[Symbol.asyncDispose]());

test('a walk by pages sees every open run once, and none that has ended', async () => {
  const seen: string[] = [];
  for (let page = await listOpenRuns(db.runtime, { afterRunId: '', limit: 2 }); page.length > 0; ) {
    seen.push(...page);
    page = await listOpenRuns(db.runtime, { afterRunId: page.at(-1) ?? '', limit: 2 });
  }
  expect(seen).toEqual(open.toSorted());
});

test('a run that could not be reached is taken once; one that has ended is not noted', async () => {
  const [first = '', second = ''] = open;
  expect(await noteUnreachedRun(db.runtime, second)).toBe(true);
  expect(await noteUnreachedRun(db.runtime, first)).toBe(true);
  expect(await noteUnreachedRun(db.runtime, second)).toBe(true);
  expect(await noteUnreachedRun(db.runtime, ended)).toBe(false);
  expect(await noteUnreachedRun(db.runtime, newId('run'))).toBe(false);
  const taken = await Promise.all([
    takeUnreachedRuns(db.runtime, 10),
    takeUnreachedRuns(db.runtime, 10),
  ]);
  expect(taken.flat().toSorted()).toEqual([first, second].toSorted());
});

test('a page of the walk comes from the index of the open runs', async () => {
  const plan = await db.runtime.begin(async (tx) => {
    // A table of six rows is read whole otherwise.
    await tx`set local enable_seqscan = off`;
    return tx<{ 'QUERY PLAN': string }[]>`
      explain select run_id from runtime.runs
      where status in ('created', 'running', 'canceling') and run_id > '' order by run_id limit 100`;
  });
  const lines = plan.map((row) => row['QUERY PLAN']).join('\n');
  expect(lines).toContain('using runs_open');
  expect(lines).not.toContain('Sort');
});
