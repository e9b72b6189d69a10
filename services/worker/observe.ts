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
  };
}
