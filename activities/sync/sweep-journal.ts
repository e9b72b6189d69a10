import {
  DELETED_ROWS_MAX,
  deleteExpiredRevocations,
  deleteForeignSnapshots,
  deleteUnreachable,
} from '#db/runtime/retention.ts';
import { TOPIC_POLICY, type TopicClass } from '#proto/topics.ts';
import type { SyncActivities } from '#workflows/sync/ports.ts';
import type { SyncDeps } from './deps.ts';

/** Runs have no rows of their own here: their log is their journal. */
const CLASSES = (Object.keys(TOPIC_POLICY) as TopicClass[]).filter((one) => one !== 'run_events');

export function createSweepJournal({ sql }: SyncDeps): SyncActivities['sweepJournal'] {
  return async function sweepJournal() {
    let rows = 0;
    let more = false;
    for (const topicClass of CLASSES) {
      const deleted = await deleteUnreachable(sql, topicClass);
      rows += deleted;
      more ||= deleted === DELETED_ROWS_MAX;
    }
    const revocations = await deleteExpiredRevocations(sql);
    return {
      rows,
      snapshots: await deleteForeignSnapshots(sql),
      revocations,
      more: more || revocations === DELETED_ROWS_MAX,
    };
  };
}
