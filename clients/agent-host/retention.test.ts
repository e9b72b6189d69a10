import { mkdirSync, readdirSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openRequestJournal } from './request-journal.ts';
import { RUN_RETENTION_MS, removeOldRuns } from './retention.ts';
import { scratch, write } from './testing/repository.ts';

test('workspaces of runs that ended long ago are removed; open and recent ones stay', async () => {
  using home = scratch();
  const runs = join(home.path, 'runs');
  const now = Date.now();
  const old = new Date(now - RUN_RETENTION_MS - 1_000);
  for (const [runId, touched] of [
    ['old', old],
    ['open', old],
    ['recent', new Date(now)],
  ] as const) {
    mkdirSync(join(runs, runId, 'turns'), { recursive: true });
    write(join(runs, runId, 'work', 'a.txt'), 'x');
    for (const path of [join(runs, runId, 'turns'), join(runs, runId)])
      utimesSync(path, touched, touched);
  }
  const journal = await openRequestJournal(join(home.path, 'requests'));
  const request = {
    request_id: 'a',
    thread_id: '',
    method: 'turn/start',
    turn: 1,
    params: {},
    deadline_at_ms: 1,
  };
  await journal.accept({ ...request, run_id: 'open' });

  expect(await removeOldRuns(runs, journal, now)).toEqual(['old']);
  expect(readdirSync(runs).toSorted()).toEqual(['open', 'recent']);
});
