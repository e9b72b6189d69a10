/** The activities without Temporal around them, on a database of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { activitiesOf, type RuntimeActivities } from '#activities/index.ts';
import type { Sql } from '#db/connect.ts';
import { createJournal, type Journal } from '#db/runtime/journal.ts';
import { listSigningKeys } from '#db/runtime/receipts.ts';
import { insertWorker } from '#db/runtime/workers.ts';
import { testDatabase } from '#db/testing/database.ts';
import { transaction } from '#db/transaction.ts';
import { newId, type WorkerId } from '#proto/ids.ts';
import { LEASE_MS } from '#workflows/worker/state.ts';
import { type ArtifactStore, createDirectoryStore } from '../../shared/artifact-store.ts';
import { publishReceiptKeys } from '../signing-keys.ts';
import { newReceiptKey } from './receipt-key.ts';

export interface Steps {
  sql: Sql;
  /** As superuser. */
  owner: Sql;
  journal: Journal;
  artifacts: ArtifactStore;
  artifactsDirectory: string;
  activities: RuntimeActivities;
  /** A worker with a live lease. */
  worker(owner: { user_id: string }): Promise<WorkerId>;
  /** How many rows the steps have written, by table. */
  rows(): Promise<Record<string, number>>;
  [Symbol.asyncDispose](): Promise<void>;
}

const TABLES = [
  'runs',
  'run_events',
  'worker_events',
  'worker_requests',
  'sync_events',
  'receipts',
  'approvals',
  'artifact_grants',
  'command_receipts',
  'policy_bundles',
];

export async function openSteps(): Promise<Steps> {
  const [database, directory] = await Promise.all([
    testDatabase(['runtime']),
    mkdtemp(join(tmpdir(), 'oa-steps-')),
  ]);
  const sql = database.runtime;
  const journal = createJournal({ sql, hint: () => undefined });
  const artifacts = createDirectoryStore(directory);
  const activities = activitiesOf({
    sql,
    journal,
    artifacts,
    signingKey: await publishReceiptKeys(sql, 'worker', [await newReceiptKey('receipts-1')]),
    keySet: () => listSigningKeys(sql),
    now: Date.now,
    heartbeat: () => undefined,
  });
  return {
    sql,
    owner: database.owner,
    journal,
    artifacts,
    artifactsDirectory: directory,
    activities,
    async worker({ user_id }) {
      const worker_id = newId('worker');
      await transaction(sql, (tx) =>
        insertWorker(tx, {
          worker_id,
          user_id,
          org_id: null,
          workspace_ref: '/repositories',
          codex_home_ref: '',
          adapter: 'command',
          labels: {},
          metadata: {},
          shared_with_org: false,
          lease_ms: LEASE_MS,
        }),
      );
      return worker_id;
    },
    async rows() {
      const counts = await Promise.all(
        TABLES.map(async (table) => {
          const [row] = await database.owner<{ count: number }[]>`
            select count(*)::int4 as count from runtime.${database.owner(table)}`;
          return [table, row?.count ?? 0] as const;
        }),
      );
      return Object.fromEntries(counts);
    },
    async [Symbol.asyncDispose]() {
      await journal.close();
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
}
