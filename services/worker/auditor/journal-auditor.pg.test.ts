import { expect, test } from 'vitest';
import { createJournal } from '#db/runtime/journal.ts';
import type { Drift } from '#db/runtime/sync-drift.ts';
import { testDatabase } from '#db/testing/database.ts';
import { createTestRun } from '#db/testing/runs.ts';
import { delta, step } from '#db/testing/steps.ts';
import { createJournalAuditor } from './journal-auditor.ts';

test('a walk looks at every topic once, finds what contradicts, and begins again', async () => {
  await using database = await testDatabase(['runtime']);
  const journal = createJournal({ sql: database.runtime, hint: () => undefined });
  for (let run = 0; run < 3; run += 1) {
    const { run_id } = await createTestRun(database.runtime);
    await journal.append(step(run_id, [delta('a'), delta('b')], { patch: { status: 'running' } }));
  }
  await journal.close();
  const drifts: Drift[] = [];
  const checked: number[] = [];
  const { sweep } = createJournalAuditor({
    sql: database.runtime,
    onChecked: (topics) => checked.push(topics),
    onDrift: (drift) => drifts.push(drift),
  });
  await sweep();
  expect([checked, drifts]).toEqual([[7], []]);

  const [gone] = await database.owner<{ topic_id: bigint }[]>`
    delete from runtime.sync_events where seq = 1 returning topic_id`;
  await sweep();
  await sweep();
  expect(checked).toEqual([7, 0, 7]);
  expect(new Set(drifts.map(({ kind }) => kind))).toEqual(new Set(['seq_missing']));
  expect(drifts.some(({ topicId }) => topicId === gone?.topic_id)).toBe(true);
});
