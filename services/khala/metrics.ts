import { createMetrics, type Metrics, metric } from '#services/shared/metrics.ts';

export const KHALA_METRICS = {
  khala_connections: metric({
    kind: 'gauge',
    description: 'Open sockets by state.',
    labels: ['state'],
  }),
  khala_topics_of_interest: metric({
    kind: 'gauge',
    description: 'Topics with at least one subscriber here.',
    labels: [],
  }),
  khala_connects_total: metric({
    kind: 'counter',
    description: 'Handshakes by outcome: admitted, or the reason of the refusal.',
    labels: ['outcome'],
  }),
  khala_disconnects_total: metric({
    kind: 'counter',
    description: 'Closed sockets by cause.',
    labels: ['cause'],
  }),
  khala_evictions_total: metric({
    kind: 'counter',
    description: 'Sockets ended by a revocation.',
    labels: ['reason'],
  }),
  khala_revocation_lag_seconds: metric({
    kind: 'gauge',
    description: 'Age of the newest state of the revocations that this node has applied whole.',
    labels: [],
  }),
  khala_joins_total: metric({
    kind: 'counter',
    description: 'Topics joined or refused.',
    labels: ['outcome'],
  }),
  khala_cursor_outcomes_total: metric({
    kind: 'counter',
    description: 'Subscriptions by cursor outcome.',
    labels: ['topic_class', 'outcome'],
  }),
  khala_replay_lag_events: metric({
    kind: 'histogram',
    description: 'Events behind the head at a subscription.',
    labels: ['topic_class'],
    buckets: [0, 1, 10, 50, 250, 1_000, 5_000, 20_000, 100_000],
  }),
  khala_replay_duration_seconds: metric({
    kind: 'histogram',
    description: 'From SUBSCRIBE to CAUGHT_UP.',
    labels: ['topic_class'],
  }),
  khala_events_sent_total: metric({
    kind: 'counter',
    description: 'Events written to sockets.',
    labels: ['topic_class'],
  }),
  khala_bytes_sent_total: metric({
    kind: 'counter',
    description: 'Bytes of update frames written to sockets.',
    labels: ['topic_class'],
  }),
  khala_snapshots_total: metric({
    kind: 'counter',
    description: 'Snapshots asked for by those who may: sent, not_modified, or absent.',
    labels: ['topic_class', 'outcome'],
  }),
  khala_snapshot_bytes_total: metric({
    kind: 'counter',
    description: 'Bytes of snapshots sent.',
    labels: ['topic_class'],
  }),
  khala_snapshot_refusals_total: metric({
    kind: 'counter',
    description: 'Snapshots refused.',
    labels: ['reason'],
  }),
  khala_queued_bytes: metric({
    kind: 'gauge',
    description: 'Bytes that wait for peers to take them.',
    labels: [],
  }),
  khala_wake_ups_total: metric({
    kind: 'counter',
    description: 'Topics found to have moved, by what told so.',
    labels: ['by'],
  }),
  khala_journal_reads_total: metric({
    kind: 'counter',
    description:
      'Statements that read the journal: heads for joins, heads for the safety poll, rows of tails, pages of history, heads of ranges that are gone.',
    labels: ['read'],
  }),
  khala_read_faults_total: metric({
    kind: 'counter',
    description: 'Journal reads that failed and were tried again.',
    labels: [],
  }),
  khala_audit_faults_total: metric({
    kind: 'counter',
    description: 'Audit batches that could not be stored yet.',
    labels: [],
  }),
} as const;

export type KhalaMetrics = Metrics<typeof KHALA_METRICS>;

export function createKhalaMetrics(): KhalaMetrics {
  return createMetrics('khala', KHALA_METRICS);
}
