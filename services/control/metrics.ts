import { ProblemError } from '#proto/errors.ts';
import { createMetrics, HTTP_METRICS, LATENCY_BUCKETS_S, metric } from '../shared/metrics.ts';

export const CONTROL_METRICS = {
  ...HTTP_METRICS,
  control_challenges_total: metric({
    kind: 'counter',
    description: 'Login codes sent, by where they went.',
    labels: ['channel'],
  }),
  control_logins_total: metric({
    kind: 'counter',
    description: 'Codes tried: `completed`, or what was wrong.',
    labels: ['outcome'],
  }),
  control_refreshes_total: metric({
    kind: 'counter',
    description:
      'Refreshes: `completed`, or the code of the refusal; `reauth_required` is a reuse.',
    labels: ['outcome'],
  }),
  control_sync_tokens_total: metric({
    kind: 'counter',
    description: 'Sync tokens: `issued`, or the code of the refusal.',
    labels: ['outcome'],
  }),
  control_client_telemetry_total: metric({
    kind: 'counter',
    description: 'What clients saw of their connections, by kind, surface, reason and build.',
    labels: ['event_type', 'surface', 'reason', 'build'],
  }),
  control_rate_limited_total: metric({
    kind: 'counter',
    description: 'Requests refused by a gate.',
    labels: ['gate'],
  }),
  control_revocations_told_seconds: metric({
    kind: 'histogram',
    description: 'From a revocation to the confirmation of the runtime.',
    labels: [],
    buckets: LATENCY_BUCKETS_S,
  }),
  control_revocation_failures_total: metric({
    kind: 'counter',
    description: 'Tries to tell the runtime of a revocation that failed.',
    labels: [],
  }),
  control_gateway_seconds: metric({
    kind: 'histogram',
    description: 'From a request at the gateway to the head of the runtime’s answer.',
    labels: ['outcome'],
    buckets: LATENCY_BUCKETS_S,
  }),
} as const;

export type ControlMetrics = ReturnType<typeof createControlMetrics>;

export function createControlMetrics() {
  return createMetrics('control', CONTROL_METRICS);
}

/** Counts an attempt by its end: `completed`, or the code of the refusal. */
export async function countAttempt<T>(
  counter: { record(value: number, labels: { outcome: string }): void },
  attempt: () => Promise<T>,
): Promise<T> {
  try {
    const result = await attempt();
    counter.record(1, { outcome: 'completed' });
    return result;
  } catch (error) {
    const outcome = error instanceof ProblemError ? error.code : 'internal_error';
    counter.record(1, { outcome });
    throw error;
  }
}
