import type { Queryable } from '../transaction.ts';

/** Where a topic begins and ends: what a client needs to follow it from here. */
export interface TopicCursor {
  /** Empty for a topic that nobody has published to yet. */
  epoch: string;
  head_seq: bigint;
  floor_seq: bigint;
}

export async function topicCursor(sql: Queryable, topic: string): Promise<TopicCursor> {
  const [row] = await sql<TopicCursor[]>`
    select epoch, head_seq, floor_seq from runtime.sync_heads where topic = ${topic}`;
  return row ?? { epoch: '', head_seq: 0n, floor_seq: 0n };
}
