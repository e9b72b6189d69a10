export const SNAPSHOTS_PATH = '/v1/sync/snapshots';

/** Where a topic's snapshot is, on the node that names it. */
export function snapshotPath(topic: string): string {
  return `${SNAPSHOTS_PATH}/${encodeURIComponent(topic)}`;
}
