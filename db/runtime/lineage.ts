import { arrayParameter } from '../array-parameter.ts';
import type { Sql } from '../connect.ts';
import { transaction } from '../transaction.ts';
import { SNAPSHOT_CLASSES } from './snapshot-items.ts';
import { takeSnapshot } from './snapshots.ts';
import { headsByTopic, type TopicHead, topicsAfter } from './sync-read.ts';

/** In one transaction: their appends wait as long. */
const TOPICS_PER_STEP = 500;

/**
 * Begins a new lineage of topics (default: of all): positions that were given out before name nothing in it. What a reader
 * starts from is taken anew, so that nobody is sent to a snapshot of the lineage before. Every topic is whole or untouched;
 * an attempt that was cut off is begun again. Returns how many.
 */
export async function beginLineage(
  sql: Sql,
  topics: readonly string[] | undefined,
  nowMs: number,
): Promise<number> {
  let begun = 0;
  if (topics) {
    const heads = await headsByTopic(sql, topics);
    await beginStep(sql, heads, nowMs);
    return heads.length;
  }
  for (let after = 0n; ; ) {
    const heads = await topicsAfter(sql, after, TOPICS_PER_STEP);
    const last = heads.at(-1);
    if (!last) return begun;
    await beginStep(sql, heads, nowMs);
    begun += heads.length;
    after = last.topicId;
  }
}

async function beginStep(sql: Sql, heads: readonly TopicHead[], nowMs: number): Promise<void> {
  const ids = arrayParameter(heads.map(({ topicId }) => topicId));
  await transaction(sql, async (tx) => {
    await tx`
      select from runtime.sync_topics where topic_id = any (${ids}::int8[]) order by topic collate "C" for update`;
    await tx`delete from runtime.sync_snapshots where topic_id = any (${ids}::int8[])`;
    await tx`
      update runtime.sync_topics set epoch = gen_random_uuid(), snapshot_seq = 0
      where topic_id = any (${ids}::int8[])`;
  });
  for (const { topic, class: topicClass } of heads) {
    if (SNAPSHOT_CLASSES.includes(topicClass)) await takeSnapshot(sql, topic, nowMs);
  }
}
