import { metric } from '../shared/metrics.ts';

export const WORKER_METRICS = {
  activities_total: metric({
    kind: 'counter',
    description: 'Activity attempts that ended.',
    labels: ['activity', 'outcome'],
  }),
  activity_duration_seconds: metric({
    kind: 'histogram',
    description: 'One attempt of an activity, from start to end.',
    labels: ['activity'],
  }),
  runs_finished_total: metric({
    kind: 'counter',
    description: 'Runs whose log was closed.',
    labels: ['status', 'reason_class'],
  }),
  executors_lost_total: metric({
    kind: 'counter',
    description: 'Executors that a run lost and replaced.',
    labels: [],
  }),
  verdicts_total: metric({
    kind: 'counter',
    description: 'Verdicts signed.',
    labels: ['verdict', 'strength'],
  }),
  swept_total: metric({
    kind: 'counter',
    description: 'What the sweeper found: expired leases, overdue requests, runs to wake.',
    labels: ['kind'],
  }),
  collected_total: metric({
    kind: 'counter',
    description: 'What the artifact collector removed: files, rows, grants.',
    labels: ['kind'],
  }),
  collected_bytes_total: metric({
    kind: 'counter',
    description: 'Bytes of files that the artifact collector removed.',
    labels: ['kind'],
  }),
  reconciled_total: metric({
    kind: 'counter',
    description: 'Open runs whose Temporal history had ended or was gone, by what became of them.',
    labels: ['found', 'decision'],
  }),
  missing_files_derived_total: metric({
    kind: 'counter',
    description: 'Runs whose files were derived after their workflow was lost.',
    labels: [],
  }),
  projection_audits_total: metric({
    kind: 'counter',
    description: 'Rows that the auditor compared with a replay of their log.',
    labels: ['projection'],
  }),
  projection_drift_total: metric({
    kind: 'counter',
    description: 'Rows that contradicted their log and were rebuilt from it.',
    labels: ['projection', 'drift_class'],
  }),
  sweep_failures_total: metric({
    kind: 'counter',
    description: 'Sweeps that failed; the next one tries again.',
    labels: [],
  }),
} as const;
