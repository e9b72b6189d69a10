import type { Logger } from '#services/shared/logger.ts';
import type { Metrics } from '#services/shared/metrics.ts';
import type { Tracing } from '#services/shared/tracing.ts';
import type { HarnessObserver } from './harness/activity.ts';
import type { VERIFIER_METRICS } from './metrics.ts';

/** One span, one log line and the counters of each verdict. */
export function observeHarness(deps: {
  logger: Logger;
  metrics: Metrics<typeof VERIFIER_METRICS>;
  tracing: Tracing;
  now?: () => number;
}): HarnessObserver {
  const { logger, metrics, tracing, now = () => performance.now() } = deps;
  return (input, work) => {
    const { run_id, verification_id, attempt } = input;
    const startedAt = now();
    const finish = (verdict: string, strength: string) => {
      const durationMs = Math.round(now() - startedAt);
      metrics.harness_verdicts_total.record(1, { verdict, strength });
      metrics.harness_duration_seconds.record(durationMs / 1000, { verdict });
      return { run_id, verification_id, attempt, verdict, duration_ms: durationMs };
    };
    return tracing.span('verifier.harness', { 'oa.run_id': run_id }, async () => {
      try {
        const result = await work();
        for (const { stage, ended } of result.commands) {
          metrics.harness_commands_total.record(1, { stage, ended });
        }
        logger.info(
          { ...finish(result.verdict, result.strength), reason: result.reason },
          'judged',
        );
        return result;
      } catch (error) {
        logger.error({ ...finish('error', ''), err: error }, 'reached no verdict');
        throw error;
      }
    });
  };
}
