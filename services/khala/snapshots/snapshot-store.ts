import type { Sql } from '#db/connect.ts';
import { readSnapshot, type StoredSnapshot } from '#db/runtime/snapshot-read.ts';
import type { TopicHead } from '../journal/journal-reader.ts';
import { OVERLOADED_RETRY_MS, SNAPSHOT_READS_MAX } from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';

export interface SnapshotStore {
  /** Readers of one topic share a read. @throws SessionFault `overloaded` while too many are under way. */
  read(head: TopicHead, knownSha256Hex: string | undefined): Promise<StoredSnapshot | undefined>;
}

export function createSnapshotStore(sql: Sql): SnapshotStore {
  const underWay = new Map<string, Promise<StoredSnapshot | undefined>>();
  return {
    read(head, knownSha256Hex) {
      const key = `${head.topicId} ${head.epoch} ${head.snapshotSeq} ${knownSha256Hex}`;
      const reading = underWay.get(key);
      if (reading) return reading;
      if (underWay.size >= SNAPSHOT_READS_MAX) {
        throw new SessionFault('overloaded', 'too_many_snapshots_at_once', {
          retryAfterMs: OVERLOADED_RETRY_MS,
        });
      }
      const read = readSnapshot(sql, head, knownSha256Hex).finally(() => underWay.delete(key));
      underWay.set(key, read);
      return read;
    },
  };
}
