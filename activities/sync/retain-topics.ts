import { dueFloors, moveFloors } from '#db/runtime/retention.ts';
import { takeSnapshot } from '#db/runtime/snapshots.ts';
import { startsFromSnapshot } from '#proto/topics.ts';
import type { SyncActivities } from '#workflows/sync/ports.ts';
import type { SyncDeps } from './deps.ts';
import { topicClassOf } from './topic-classes.ts';

/** Locked together for one update: milliseconds, in which their appends wait. */
const TOPICS_PER_STEP = 200;

export function createRetainTopics({ sql, now }: SyncDeps): SyncActivities['retainTopics'] {
  return async function retainTopics({ topic_class, retention_ms, after_topic_id }) {
    const topicClass = topicClassOf(topic_class);
    const due = await dueFloors(
      sql,
      { topicClass, retentionMs: retention_ms },
      { afterTopicId: BigInt(after_topic_id), limit: TOPICS_PER_STEP },
    );
    if (startsFromSnapshot(topicClass)) {
      for (const { topic, snapshotSeq, floorSeq } of due) {
        if (snapshotSeq < floorSeq) await takeSnapshot(sql, topic, now());
      }
    }
    const moved = await moveFloors(sql, topicClass, due);
    const last = due.length < TOPICS_PER_STEP ? undefined : due.at(-1);
    return {
      next_topic_id: last ? String(last.topicId) : null,
      due: due.length,
      floors_moved: moved.length,
      held: due.length - moved.length,
    };
  };
}
