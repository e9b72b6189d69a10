import { createMetrics, HTTP_METRICS, metric } from '../shared/metrics.ts';

export const RUNTIME_METRICS = {
  ...HTTP_METRICS,
  run_events_appended_total: metric({
    kind: 'counter',
    description: 'Events that hosts appended to runs.',
    labels: ['outcome'],
  }),
  run_events_batch_size: metric({
    kind: 'histogram',
    description: 'Events of one append.',
    labels: [],
    buckets: [1, 5, 20, 50, 100, 250, 500],
  }),
  run_append_duration_seconds: metric({
    kind: 'histogram',
    description: 'From the parsed batch to its durable commit.',
    labels: [],
  }),
  run_loops_found_total: metric({
    kind: 'counter',
    description:
      'Agents found turning in a circle: a warning per streak, and what was told to the run.',
    labels: ['detector', 'level'],
  }),
  run_start_duration_seconds: metric({
    kind: 'histogram',
    description: 'From the claim of the key to the committed run.created.',
    labels: ['outcome'],
  }),
  worker_dispatch_duration_seconds: metric({
    kind: 'histogram',
    description: 'From a request to its terminal receipt.',
    labels: ['method', 'outcome'],
  }),
  worker_leases_total: metric({
    kind: 'counter',
    description: 'Lease operations of agent hosts.',
    labels: ['action', 'result'],
  }),
  artifact_bytes_total: metric({
    kind: 'counter',
    description: 'Bytes of artifacts stored and sent.',
    labels: ['direction'],
  }),
} as const;

export function createRuntimeMetrics() {
  return createMetrics('runtime', RUNTIME_METRICS);
}

export type RuntimeMetrics = ReturnType<typeof createRuntimeMetrics>;
