/** Workflow `sync-retention`: one pass over the journal. Floors first, so that what is dropped was unreachable before. */
import { proxyActivities, setCurrentDetails, setWorkflowOptions } from '@temporalio/workflow';
import { KEEP } from '../shared/activity-options.ts';
import type { ClassRetained, SyncRetentionInput, SyncRetentionReport } from './messages.ts';
import type { RetainedTopics, RetentionRule, SyncActivities } from './ports.ts';

const activities = proxyActivities<SyncActivities>(KEEP);

/** A pass that is not through by then leaves the rest to the next; it keeps a history small. */
const STEPS_MAX = 500;

setWorkflowOptions({ versioningBehavior: 'PINNED' }, syncRetention);
export async function syncRetention({ rules }: SyncRetentionInput): Promise<SyncRetentionReport> {
  const classes: ClassRetained[] = [];
  for (const rule of rules) {
    setCurrentDetails(`Moves floors and drops days of \`${rule.topic_class}\``);
    classes.push(await retainClass(rule));
  }
  setCurrentDetails('Deletes what has no day to go with');
  const report = { classes, rows_deleted: 0, snapshots_deleted: 0, revocations_deleted: 0 };
  for (let step = 0; step < STEPS_MAX; step += 1) {
    const swept = await activities.sweepJournal();
    report.rows_deleted += swept.rows;
    report.snapshots_deleted += swept.snapshots;
    report.revocations_deleted += swept.revocations;
    if (!swept.more) break;
  }
  setCurrentDetails(detailsOf(report));
  return report;
}

async function retainClass(rule: RetentionRule): Promise<ClassRetained> {
  const { topic_class } = rule;
  const found = { due: 0, floors_moved: 0, held: 0 };
  let after_topic_id: string | null = '0';
  for (let step = 0; after_topic_id !== null && step < STEPS_MAX; step += 1) {
    const part: RetainedTopics = await activities.retainTopics({ ...rule, after_topic_id });
    found.due += part.due;
    found.floors_moved += part.floors_moved;
    found.held += part.held;
    after_topic_id = part.next_topic_id;
  }
  const { dropped, rows } = await activities.dropPartitions(rule);
  return { topic_class, ...found, partitions_dropped: dropped, rows_dropped: rows };
}

function detailsOf({ classes, rows_deleted }: SyncRetentionReport): string {
  const lines = classes
    .filter(({ due, partitions_dropped }) => due > 0 || partitions_dropped > 0)
    .map(
      ({ topic_class, floors_moved, held, partitions_dropped }) =>
        `- \`${topic_class}\`: ${floors_moved} floors moved, ${held} held, ${partitions_dropped} days dropped`,
    );
  return [...lines, `- ${rows_deleted} rows deleted`].join('\n');
}
