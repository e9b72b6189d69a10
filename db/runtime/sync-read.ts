/**
 * Khala's reads: heads by name or id, and rows after a position of many topics in one query. A run's topic is read from
 * its log, every other one from sync_events (ADR 0002); the reader sees one journal.
 */
import type { TopicClass } from '#proto/topics.ts';
import { arrayParameter } from '../array-parameter.ts';
import type { Queryable } from '../transaction.ts';

/** A topic's counters. Retained are `floorSeq + 1 … headSeq`. */
export interface TopicHead {
  topicId: bigint;
  topic: string;
  class: TopicClass;
  ownerUserId: string | null;
  orgId: string | null;
  epoch: string;
  headSeq: bigint;
  floorSeq: bigint;
  snapshotSeq: bigint;
}

export interface JournalRow {
  topicId: bigint;
  seq: bigint;
  kind: string;
  payload: Uint8Array;
  payloadSha256: Uint8Array;
  /** Run events only. */
  eventHash: Uint8Array | null;
  docKey: string | null;
  docVersion: bigint | null;
  recordedAtMs: number;
}

export interface ReadPosition {
  topicId: bigint;
  class: TopicClass;
  afterSeq: bigint;
}

/** Bounds per topic. A page has at least one row where one exists, however large. */
export interface PageBounds {
  rowsMax: number;
  bytesMax: number;
}

interface HeadRow {
  topic_id: bigint;
  topic: string;
  class: TopicClass;
  owner_user_id: string | null;
  org_id: string | null;
  epoch: string;
  head_seq: bigint;
  floor_seq: bigint;
  snapshot_seq: bigint;
}

/** Topics that nobody has published to yet are absent. */
export async function headsByTopic(
  sql: Queryable,
  topics: readonly string[],
): Promise<TopicHead[]> {
  if (topics.length === 0) return [];
  const rows = await sql<HeadRow[]>`
    select * from runtime.sync_heads where topic = any (${[...topics]}::text[])`;
  return rows.map(headOf);
}

export async function headsById(sql: Queryable, topicIds: readonly bigint[]): Promise<TopicHead[]> {
  if (topicIds.length === 0) return [];
  const rows = await sql<HeadRow[]>`
    select * from runtime.sync_heads where topic_id = any (${arrayParameter(topicIds)}::int8[])`;
  return rows.map(headOf);
}

/** A walk over all topics, in the order of their ids. */
export async function topicsAfter(
  sql: Queryable,
  afterTopicId: bigint,
  limit: number,
): Promise<TopicHead[]> {
  const rows = await sql<HeadRow[]>`
    select * from runtime.sync_heads where topic_id > ${afterTopicId} order by topic_id limit ${limit}`;
  return rows.map(headOf);
}

interface FeedRow {
  topic_id: bigint;
  seq: bigint;
  kind: string;
  payload: Uint8Array;
  payload_sha256: Uint8Array;
  event_hash: Uint8Array | null;
  doc_key: string | null;
  doc_version: bigint | null;
  inserted_at: Date;
}

/**
 * The rows after each position, ordered by seq within each topic: one query for all runs and one for each other class.
 * Together they would be one statement over every partition of sync_events, which costs each reading 2 ms; with its class
 * given, a statement opens the partitions of that class alone. Seqs are dense, so that a range is a page: with LIMIT instead, a plan without statistics sorts all that is left for each page.
 */
export async function readAfter(
  sql: Queryable,
  positions: readonly ReadPosition[],
  bounds: PageBounds,
): Promise<JournalRow[]> {
  const ofRuns = positions.filter((at) => at.class === 'run_events');
  const ofClasses = Map.groupBy(
    positions.filter((at) => at.class !== 'run_events'),
    (at) => at.class,
  );
  const pages = await Promise.all([
    ofRuns.length > 0 ? readLogs(sql, ofRuns, bounds) : [],
    ...[...ofClasses].map(([topicClass, ofTopics]) =>
      readTopics(sql, topicClass, ofTopics, bounds),
    ),
  ]);
  return pages.flat().map(rowOf);
}

function readLogs(sql: Queryable, positions: readonly ReadPosition[], bounds: PageBounds) {
  return sql<FeedRow[]>`
    select page.* from unnest(
      ${int8s(positions.map((at) => at.topicId))}::int8[],
      ${int8s(positions.map((at) => at.afterSeq))}::int8[]) as at (topic_id, after_seq)
    cross join lateral (
      select feed.*, sum(length(feed.payload)) over (order by feed.seq) - length(feed.payload) as bytes_before
      from (
        select topic_id, seq, kind, payload, payload_sha256, event_hash, doc_key, doc_version, inserted_at
        from runtime.sync_feed
        where topic_id = at.topic_id and seq > at.after_seq and seq <= at.after_seq + ${bounds.rowsMax}
      ) feed
    ) page
    where page.bytes_before < ${bounds.bytesMax}
    order by page.topic_id, page.seq`;
}

function readTopics(
  sql: Queryable,
  topicClass: ReadPosition['class'],
  positions: readonly ReadPosition[],
  bounds: PageBounds,
) {
  return sql<FeedRow[]>`
    select page.* from unnest(
      ${int8s(positions.map((at) => at.topicId))}::int8[],
      ${int8s(positions.map((at) => at.afterSeq))}::int8[]) as at (topic_id, after_seq)
    cross join lateral (
      select feed.*, sum(length(feed.payload)) over (order by feed.seq) - length(feed.payload) as bytes_before
      from (
        select topic_id, seq, kind, payload, payload_sha256, null::bytea as event_hash, doc_key, doc_version,
          inserted_at
        from runtime.sync_events
        where class = ${topicClass} and topic_id = at.topic_id and seq > at.after_seq
          and seq <= at.after_seq + ${bounds.rowsMax}
      ) feed
    ) page
    where page.bytes_before < ${bounds.bytesMax}
    order by page.topic_id, page.seq`;
}

/**
 * As text, so that the server says that it is an array: `postgres.js` takes an array of bigint for one bigint as long as
 * it has not read the array types, which is so for the first statement of a pool.
 */
function int8s(values: readonly bigint[]): string[] {
  return values.map(String);
}

function headOf(row: HeadRow): TopicHead {
  return {
    topicId: row.topic_id,
    topic: row.topic,
    class: row.class,
    ownerUserId: row.owner_user_id,
    orgId: row.org_id,
    epoch: row.epoch,
    headSeq: row.head_seq,
    floorSeq: row.floor_seq,
    snapshotSeq: row.snapshot_seq,
  };
}

function rowOf(row: FeedRow): JournalRow {
  return {
    topicId: row.topic_id,
    seq: row.seq,
    kind: row.kind,
    payload: row.payload,
    payloadSha256: row.payload_sha256,
    eventHash: row.event_hash,
    docKey: row.doc_key,
    docVersion: row.doc_version,
    recordedAtMs: row.inserted_at.getTime(),
  };
}
