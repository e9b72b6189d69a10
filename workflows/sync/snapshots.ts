/** Workflow `sync-snapshots-{class}`: a fresh snapshot for every topic of a class that moved since its last one. */
import { proxyActivities, setCurrentDetails, setWorkflowOptions } from '@temporalio/workflow';
import { KEEP } from '../shared/activity-options.ts';
import type { SyncSnapshotsInput, SyncSnapshotsReport } from './messages.ts';
import type { SyncActivities, TakenSnapshots } from './ports.ts';

const activities = proxyActivities<SyncActivities>(KEEP);

/** As of retention: what is left waits for the next pass. */
const STEPS_MAX = 500;

setWorkflowOptions({ versioningBehavior: 'PINNED' }, syncSnapshots);
export async function syncSnapshots({
  topic_class,
}: SyncSnapshotsInput): Promise<SyncSnapshotsReport> {
  const report = { taken: 0, bytes: 0 };
  let after_topic_id: string | null = '0';
  for (let step = 0; after_topic_id !== null && step < STEPS_MAX; step += 1) {
    const part: TakenSnapshots = await activities.takeSnapshots({ topic_class, after_topic_id });
    report.taken += part.taken;
    report.bytes += part.bytes;
    after_topic_id = part.next_topic_id;
    setCurrentDetails(`- ${report.taken} snapshots of \`${topic_class}\`, ${report.bytes} bytes`);
  }
  return report;
}
