import type { RuntimeActivities } from '#activities/index.ts';
import type { Metrics } from '../shared/metrics.ts';
import type { Tracing } from '../shared/tracing.ts';
import type { WORKER_METRICS } from './metrics.ts';

type WorkerMetrics = Metrics<typeof WORKER_METRICS>;
type Activity = (input: never) => Promise<unknown>;

/** The same activities, each counted, timed and in a span of its own, and what they mean for the platform counted beside. */
export function observed(
  activities: RuntimeActivities,
  deps: { metrics: WorkerMetrics; tracing: Tracing; now: () => number },
): RuntimeActivities {
  const { metrics, tracing, now } = deps;
  const timed = Object.entries<Activity>(activities as never).map(([name, activity]) => [
    name,
    async (input: never) => {
      const startedMs = now();
      let outcome = 'failed';
      try {
        const result = await tracing.span('runtime.persist', { step: name }, () => activity(input));
        outcome = 'completed';
        return result;
      } finally {
        metrics.activities_total.record(1, { activity: name, outcome });
        metrics.activity_duration_seconds.record((now() - startedMs) / 1000, { activity: name });
      }
    },
  ]);
  const counted = Object.fromEntries(timed) as RuntimeActivities;
  return {
    ...counted,
    async finishRun(input) {
      const finished = await counted.finishRun(input);
      const { status, reason_class } = input;
      metrics.runs_finished_total.record(1, { status, reason_class });
      return finished;
    },
    async recordExecutorLost(input) {
      const outcome = await counted.recordExecutorLost(input);
      if (outcome.kind === 'lost') metrics.executors_lost_total.record(1, {});
      return outcome;
    },
    async recordVerification(input) {
      const pointer = await counted.recordVerification(input);
      const { verdict, strength } = input.result;
      metrics.verdicts_total.record(1, { verdict, strength });
      return pointer;
    },
    async retainTopics(input) {
      const part = await counted.retainTopics(input);
      const { topic_class } = input;
      metrics.sync_retention_passes_total.record(1, { topic_class });
      const floors = metrics.sync_retention_floors_total;
      floors.record(part.floors_moved, { topic_class, outcome: 'moved' });
      floors.record(part.held, { topic_class, outcome: 'held' });
      return part;
    },
    async dropPartitions(input) {
      const days = await counted.dropPartitions(input);
      const { topic_class } = input;
      for (const outcome of ['dropped', 'held', 'busy'] as const) {
        metrics.sync_retention_partitions_total.record(days[outcome], { topic_class, outcome });
      }
      metrics.sync_retention_deleted_total.record(days.rows, { kind: 'row_of_a_day' });
      return days;
    },
    async sweepJournal() {
      const swept = await counted.sweepJournal();
      const deleted = metrics.sync_retention_deleted_total;
      deleted.record(swept.rows, { kind: 'row' });
      deleted.record(swept.snapshots, { kind: 'snapshot' });
      deleted.record(swept.revocations, { kind: 'revocation' });
      return swept;
    },
    async takeSnapshots(input) {
      const part = await counted.takeSnapshots(input);
      const { topic_class } = input;
      metrics.sync_snapshots_taken_total.record(part.taken, { topic_class });
      metrics.sync_snapshot_bytes_total.record(part.bytes, { topic_class });
      return part;
    },
  };
}
