import { metric } from '#services/shared/metrics.ts';

/** Seconds from a check of one file to the longest harness a run may ask for. */
const HARNESS_BUCKETS_S = [0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1_800, 3_600];

export const VERIFIER_METRICS = {
  harness_verdicts_total: metric({
    kind: 'counter',
    description: 'Verdicts over patches; `error` counts attempts that reached none.',
    labels: ['verdict', 'strength'],
  }),
  harness_duration_seconds: metric({
    kind: 'histogram',
    description: 'From the first artifact to the verdict.',
    labels: ['verdict'],
    buckets: HARNESS_BUCKETS_S,
  }),
  harness_commands_total: metric({
    kind: 'counter',
    description: 'Commands run in a sandbox, by stage and by how they ended.',
    labels: ['stage', 'ended'],
  }),
  sandbox_flags: metric({
    kind: 'gauge',
    description: 'Isolation measures: 1 enforced on this machine, 0 not.',
    labels: ['flag'],
  }),
} as const;
