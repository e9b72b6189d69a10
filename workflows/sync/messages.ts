import type { RetentionRule } from './ports.ts';

export const SYNC_RETENTION_ID = 'sync-retention';

export function syncSnapshotsId(topicClass: string): string {
  return `sync-snapshots-${topicClass}`;
}

export interface SyncRetentionInput {
  rules: RetentionRule[];
}

export interface ClassRetained {
  topic_class: string;
  due: number;
  floors_moved: number;
  held: number;
  partitions_dropped: number;
  rows_dropped: number;
}

export interface SyncRetentionReport {
  classes: ClassRetained[];
  rows_deleted: number;
  snapshots_deleted: number;
  revocations_deleted: number;
}

export interface SyncSnapshotsInput {
  topic_class: string;
}

export interface SyncSnapshotsReport {
  taken: number;
  bytes: number;
}
