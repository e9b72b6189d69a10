import { takeSnapshot, topicsWithoutFreshSnapshot } from '#db/runtime/snapshots.ts';
import type { SyncActivities } from '#workflows/sync/ports.ts';
import type { SyncDeps } from './deps.ts';
import { topicClassOf } from './topic-classes.ts';

/** A step of the largest snapshots takes some seconds. */
const TOPICS_PER_STEP = 50;

export function createTakeSnapshots({ sql, now }: SyncDeps): SyncActivities['takeSnapshots'] {
  return async function takeSnapshots({ topic_class, after_topic_id }) {
    const moved = await topicsWithoutFreshSnapshot(sql, topicClassOf(topic_class), {
      afterTopicId: BigInt(after_topic_id),
      limit: TOPICS_PER_STEP,
    });
    let taken = 0;
    let bytes = 0;
    for (const { topic } of moved) {
      const snapshot = await takeSnapshot(sql, topic, now());
      taken += snapshot ? 1 : 0;
      bytes += snapshot?.bytes ?? 0;
    }
    const last = moved.length < TOPICS_PER_STEP ? undefined : moved.at(-1);
    return { next_topic_id: last ? String(last.topicId) : null, taken, bytes };
  };
}
