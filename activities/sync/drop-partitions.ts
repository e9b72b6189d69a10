import { dropPartition, listPartitions } from '#db/runtime/retention.ts';
import type { SyncActivities } from '#workflows/sync/ports.ts';
import type { SyncDeps } from './deps.ts';
import { topicClassOf } from './topic-classes.ts';

const DAY_MS = 86_400_000;

export function createDropPartitions({ sql, now }: SyncDeps): SyncActivities['dropPartitions'] {
  return async function dropPartitions({ topic_class, retention_ms }) {
    const topicClass = topicClassOf(topic_class);
    const result = { dropped: 0, rows: 0, held: 0, busy: 0 };
    for (const partition of await listPartitions(sql)) {
      if (partition.topicClass !== topicClass || partition.day === null) continue;
      // Its last moment is too old: the floors of this pass have gone by, or wait for a snapshot.
      if (Date.parse(partition.day) + DAY_MS > now() - retention_ms) continue;
      const found = await dropPartition(sql, partition.partition);
      result[found.outcome] += 1;
      if (found.outcome === 'dropped') result.rows += found.rows;
    }
    return result;
  };
}
