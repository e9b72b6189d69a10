/**
 * Snapshots of topics: what a reader without a usable cursor starts from.
 *
 * 1. Items and `as_of_seq` are of one moment: a reader that applies the snapshot and then every row after `as_of_seq` has
 *    missed nothing.
 * 2. A topic has one snapshot, its newest, of its present lineage. `snapshot_seq` of the counter row names it and moves in
 *    the transaction that stores it.
 */
import { sha256Of, sha256ToBytes } from '#proto/sha256.ts';
import { parseTopic, type TopicClass } from '#proto/topics.ts';
import type { Sql } from '../connect.ts';
import { type Queryable, readMoment, transaction } from '../transaction.ts';
import { itemsReader, type SnapshotItems } from './snapshot-items.ts';
import { headsByTopic, type TopicHead } from './sync-read.ts';

export const SNAPSHOT_FORMAT = 'openagents.sync.snapshot.v1';
const SCHEMA_VERSION = 1;

export interface TakenSnapshot {
  asOfSeq: bigint;
  items: number;
  bytes: number;
}

/** Takes and stores the snapshot of a topic; undefined where its class has none, or another lineage began meanwhile. */
export async function takeSnapshot(
  sql: Sql,
  topic: string,
  nowMs: number,
): Promise<TakenSnapshot | undefined> {
  const parsed = parseTopic(topic);
  const readItems = parsed.ok ? itemsReader(parsed.topic.class) : undefined;
  if (!parsed.ok || !readItems) return undefined;
  const moment = await readMoment(sql, async (tx) => {
    const [head] = await headsByTopic(tx, [topic]);
    return head && { head, found: await readItems(tx, parsed.topic, nowMs) };
  });
  if (!moment) return undefined;
  const { head, found } = moment;
  const payload = Buffer.from(snapshotText(head, found));
  const isStored = await storeSnapshot(sql, head, payload);
  return isStored
    ? { asOfSeq: head.headSeq, items: found.items.length, bytes: payload.length }
    : undefined;
}

/** The payloads are canonical JSON already, and stand in the document as they are. */
function snapshotText(head: TopicHead, { items, omitted }: SnapshotItems): string {
  const lines = items.map(
    ({ doc_key, doc_version, kind, payload }) =>
      `{"doc_key":${JSON.stringify(doc_key)},"doc_version":"${doc_version}","kind":${JSON.stringify(kind)},` +
      `"payload":${Buffer.from(payload).toString('utf8')}}`,
  );
  return (
    `{"format":"${SNAPSHOT_FORMAT}","topic":${JSON.stringify(head.topic)},"epoch":"${head.epoch}",` +
    `"as_of_seq":"${head.headSeq}","schema_version":${SCHEMA_VERSION},"omitted":${omitted},` +
    `"items":[${lines.join(',')}]}`
  );
}

async function storeSnapshot(sql: Sql, head: TopicHead, payload: Buffer): Promise<boolean> {
  const sha256 = sha256ToBytes(sha256Of(payload));
  const { topicId, headSeq, epoch } = head;
  return transaction(sql, async (tx) => {
    const moved = await tx`
      update runtime.sync_topics set snapshot_seq = ${headSeq}
      where topic_id = ${topicId} and epoch = ${epoch} and snapshot_seq <= ${headSeq} returning 1`;
    if (moved.length === 0) return false;
    await tx`delete from runtime.sync_snapshots where topic_id = ${topicId}`;
    await tx`
      insert into runtime.sync_snapshots (topic_id, as_of_seq, epoch, schema_version, payload, payload_sha256)
      values (${topicId}, ${headSeq}, ${epoch}, ${SCHEMA_VERSION}, ${payload}, ${sha256})`;
    return true;
  });
}

export interface MovedTopic {
  topicId: bigint;
  topic: string;
}

/** Topics of a class with rows after their snapshot, in the order of their ids. */
export async function topicsWithoutFreshSnapshot(
  sql: Queryable,
  topicClass: TopicClass,
  page: { afterTopicId: bigint; limit: number },
): Promise<MovedTopic[]> {
  const rows = await sql<{ topic_id: bigint; topic: string }[]>`
    select topic_id, topic from runtime.sync_topics
    where class = ${topicClass} and class <> 'run_events' and head_seq > snapshot_seq
      and topic_id > ${page.afterTopicId}
    order by topic_id limit ${page.limit}`;
  return rows.map(({ topic_id, topic }) => ({ topicId: topic_id, topic }));
}
