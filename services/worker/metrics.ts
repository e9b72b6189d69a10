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
  sync_retention_passes_total: metric({
    kind: 'counter',
    description: "Parts of a class that the journal's retention has looked through.",
    labels: ['topic_class'],
  }),
  sync_retention_floors_total: metric({
    kind: 'counter',
    description:
      'Topics with rows older than their class keeps them: the floor moved, or was held for a snapshot.',
    labels: ['topic_class', 'outcome'],
  }),
  sync_retention_partitions_total: metric({
    kind: 'counter',
    description:
      'Days that are past for a class: dropped, held by a topic that keeps a row, or busy.',
    labels: ['topic_class', 'outcome'],
  }),
  sync_retention_deleted_total: metric({
    kind: 'counter',
    description:
      'What retention removed: rows in dropped days, rows without a day, snapshots, revocations.',
    labels: ['kind'],
  }),
  sync_snapshots_taken_total: metric({
    kind: 'counter',
    description: 'Snapshots of topics that moved since their last one.',
    labels: ['topic_class'],
  }),
  sync_snapshot_bytes_total: metric({
    kind: 'counter',
    description: 'Bytes of those snapshots.',
    labels: ['topic_class'],
  }),
  sync_journal_checks_total: metric({
    kind: 'counter',
    description: 'Topics whose rows were compared with their counters.',
    labels: [],
  }),
  sync_journal_drift_total: metric({
    kind: 'counter',
    description: 'Topics whose rows contradicted their counters.',
    labels: ['topic_class', 'kind'],
  }),
  sweep_failures_total: metric({
    kind: 'counter',
    description: 'Sweeps that failed; the next one tries again.',
    labels: [],
  }),
} as const;
