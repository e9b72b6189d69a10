/** What can happen to the passes that keep the journal, each played on real Postgres and Temporal. */

import { ageRows } from '#db/testing/aged-rows.ts';
import type { TestDatabase } from '#db/testing/database.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import type { SyncRetentionInput, SyncSnapshotsInput } from '#workflows/sync/messages.ts';
import type { Lab } from '../lab.ts';

export interface SyncScenario {
  name: string;
  workflowType: 'syncRetention' | 'syncSnapshots';
  input: SyncRetentionInput | SyncSnapshotsInput;
  /** What the pass finds. */
  prepare(lab: Lab): Promise<void>;
  report: object;
}

const DAY_MS = 86_400_000;
const ROWS = 6;
const OLD_ROWS = 4n;

/** A list of runs with some rows of four days ago. */
async function aged(lab: Lab, { owner }: Pick<TestDatabase, 'owner'>): Promise<void> {
  const user_id = newId('user');
  const topic = topics.userRuns(user_id);
  const row = {
    ...{ topic, class: 'run_summaries' as const, owner: { user_id } },
    ...{ kind: 'run.summary', payload: { text: 'x' } },
  };
  await transaction(lab.sql, (tx) =>
    lab.journal.publishIn(
      tx,
      Array.from({ length: ROWS }, () => row),
    ),
  );
  await ageRows(owner, { topic, upToSeq: OLD_ROWS, days: 4 });
}

const rules = [
  { topic_class: 'run_summaries', retention_ms: 2 * DAY_MS },
  { topic_class: 'run_events', retention_ms: 7 * DAY_MS },
];

/** In this order on one database: what one prepares, the next finds kept. */
export const SYNC_SCENARIOS: readonly SyncScenario[] = [
  {
    name: 'sync-retention-nothing-due',
    workflowType: 'syncRetention',
    input: { rules },
    prepare: async () => undefined,
    report: { classes: [{ due: 0 }, { due: 0 }], rows_deleted: 0 },
  },
  {
    name: 'sync-retention-floors-moved',
    workflowType: 'syncRetention',
    input: { rules },
    prepare: (lab) => aged(lab, lab),
    report: {
      classes: [
        { topic_class: 'run_summaries', due: 1, floors_moved: 1, held: 0, partitions_dropped: 1 },
        { topic_class: 'run_events', due: 0, floors_moved: 0, held: 0, partitions_dropped: 0 },
      ],
    },
  },
  {
    name: 'sync-snapshots-taken',
    workflowType: 'syncSnapshots',
    input: { topic_class: 'run_summaries' },
    prepare: (lab) => aged(lab, lab),
    report: { taken: 1 },
  },
];
