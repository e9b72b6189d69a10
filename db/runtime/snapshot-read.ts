import type { Queryable } from '../transaction.ts';
import type { TopicHead } from './sync-read.ts';

/** A topic's counters and its snapshot, of one moment. */
export interface StoredSnapshot {
  head: TopicHead;
  asOfSeq: bigint;
  sha256Hex: string;
  /** Null where the caller has these bytes already. */
  payload: Buffer | null;
}

/** Undefined where the topic has no snapshot of its present lineage. */
export async function readSnapshot(
  sql: Queryable,
  head: TopicHead,
  knownSha256Hex: string | undefined,
): Promise<StoredSnapshot | undefined> {
  const [row] = await sql<
    { as_of_seq: bigint; epoch: string; sha256: string; payload: Buffer | null }[]
  >`
    select as_of_seq, epoch, encode(payload_sha256, 'hex') as sha256,
      case when encode(payload_sha256, 'hex') = ${knownSha256Hex ?? ''} then null else payload end as payload
    from runtime.sync_snapshots
    where topic_id = ${head.topicId} and epoch = ${head.epoch}
    order by as_of_seq desc limit 1`;
  return row && { head, asOfSeq: row.as_of_seq, sha256Hex: row.sha256, payload: row.payload };
}
