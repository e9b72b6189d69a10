/** What Temporal starts by the clock: the passes that keep the journal. */
import { type Client, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import { SNAPSHOT_CLASSES } from '#db/runtime/snapshot-items.ts';
import { TOPIC_POLICY, type TopicClass, type TopicPolicy } from '#proto/topics.ts';
import { TASK_QUEUES } from '#temporal.config';
import { SYNC_RETENTION_ID, syncSnapshotsId } from '#workflows/sync/messages.ts';
import type { RetentionRule } from '#workflows/sync/ports.ts';

export interface Schedule {
  id: string;
  workflowType: string;
  input: object;
  everyMs: number;
}

/** A server that lost its database has none of them; the journal can wait this long for its next pass. */
export const SCHEDULES_EVERY_MS = 60_000;

/** Questions that wait change as often as people answer; as fresh as the list of runs. */
const OPEN_ITEMS_AGE_S = 300;

export function journalSchedules(options: {
  policy: Readonly<Record<TopicClass, Pick<TopicPolicy, 'retentionS'>>>;
  retentionEveryMs: number;
}): Schedule[] {
  const rules: RetentionRule[] = Object.entries(options.policy).map(
    ([topic_class, { retentionS }]) => ({ topic_class, retention_ms: retentionS * 1_000 }),
  );
  return [
    {
      id: SYNC_RETENTION_ID,
      workflowType: 'syncRetention',
      input: { rules },
      everyMs: options.retentionEveryMs,
    },
    ...SNAPSHOT_CLASSES.map((topic_class) => ({
      id: syncSnapshotsId(topic_class),
      workflowType: 'syncSnapshots',
      input: { topic_class },
      everyMs: snapshotAgeS(topic_class) * 1_000,
    })),
  ];
}

function snapshotAgeS(topicClass: TopicClass): number {
  const { snapshot } = TOPIC_POLICY[topicClass];
  return (snapshot.from === 'read_model' ? snapshot.ageSMax : null) ?? OPEN_ITEMS_AGE_S;
}

/**
 * Each sweep makes the schedules that the server does not know, which after the loss of its database are all. The first one
 * also gives those it knows what this build means by them; whether somebody paused one stays as it is.
 */
export function createScheduler(
  client: Client,
  schedules: readonly Schedule[],
): { sweep(): Promise<void> } {
  const settled = new Set<string>();
  return {
    async sweep() {
      for (const schedule of schedules) {
        await ensure(client, schedule, !settled.has(schedule.id));
        settled.add(schedule.id);
      }
    },
  };
}

async function ensure(client: Client, schedule: Schedule, updates: boolean): Promise<void> {
  const meant = definitionOf(schedule);
  try {
    await client.schedule.create({ scheduleId: schedule.id, ...meant });
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    if (!updates) return;
    await client.schedule
      .getHandle(schedule.id)
      .update(({ state }) => ({ ...meant, state: { ...state, paused: state.paused } }));
  }
}

function definitionOf({ id, workflowType, input, everyMs }: Schedule) {
  return {
    spec: { intervals: [{ every: everyMs }] },
    action: {
      type: 'startWorkflow' as const,
      workflowType,
      workflowId: id,
      taskQueue: TASK_QUEUES.runtime,
      args: [input],
    },
    // A pass that takes longer than its interval is followed by the next one, never joined by it; one that was missed is
    // made up for by the next.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: everyMs },
  };
}
