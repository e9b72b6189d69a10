import type { Sql } from '#db/connect.ts';
import {
  headsById,
  headsByTopic,
  type JournalRow,
  type PageBounds,
  type ReadPosition,
  readAfter,
  type TopicHead,
} from '#db/runtime/sync-read.ts';

export type { JournalRow, PageBounds, ReadPosition, TopicHead };

/** The reads that a node needs. A row is visible to them only once its transaction is durable. */
export interface JournalReader {
  headsByTopic(topics: readonly string[]): Promise<TopicHead[]>;
  headsById(topicIds: readonly bigint[]): Promise<TopicHead[]>;
  /** One query for all positions; rows ordered by `(topicId, seq)`. */
  readAfter(positions: readonly ReadPosition[], bounds: PageBounds): Promise<JournalRow[]>;
}

export function createJournalReader(sql: Sql): JournalReader {
  return {
    headsByTopic: (topics) => headsByTopic(sql, topics),
    headsById: (topicIds) => headsById(sql, topicIds),
    readAfter: (positions, bounds) => readAfter(sql, positions, bounds),
  };
}
