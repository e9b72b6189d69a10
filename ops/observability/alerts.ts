/**
 * What wakes somebody, and at which level: one graded rule per symptom, generated into `khala.rules.yml`.
 *
 * A rule says what the person does first: the section of a runbook, which the tests look up.
 */
import { STALE_REASON_TEXTS, type SyncErrorCode } from '#proto/gen/types.ts';
import { gauge, increase, quantile, rate, share, total } from './series.ts';

export interface Level {
  severity: 'warning' | 'critical';
  /** Compared with the expression; above it the rule fires. */
  above: number;
}

export interface Alert {
  name: string;
  /** What is promised, in a sentence with its number; it stands in the table of SLOs. */
  promise: string;
  expression: string;
  /** The unit of expression and thresholds. */
  unit: string;
  /** How long it must hold. */
  for: string;
  levels: readonly Level[];
  /** File and anchor under docs/runbooks. */
  runbook: string;
}

/** Codes with which a socket ends because of what it presented. */
const REFUSED = ['unauthorized', 'forbidden_origin'] satisfies SyncErrorCode[];

export const ALERTS: readonly Alert[] = [
  {
    name: 'OpenAgentsKhalaAuthFailureRatioHigh',
    promise: 'of 100 handshakes at most 3 fail for their token, proof or origin',
    expression: `${rate('khala_disconnects_total', '10m', { cause: REFUSED })} / (${rate('khala_connects_total', '10m')} > 0)`,
    unit: 'ratio',
    for: '10m',
    levels: [
      { severity: 'warning', above: 0.03 },
      { severity: 'critical', above: 0.25 },
    ],
    runbook: 'khala.md#tokens-are-refused',
  },
  {
    name: 'OpenAgentsKhalaReplayLagHigh',
    promise: '95 of 100 readers subscribe at most 250 events behind the head',
    expression: quantile(0.95, 'khala_replay_lag_events', '10m'),
    unit: 'events',
    for: '10m',
    levels: [{ severity: 'warning', above: 250 }],
    runbook: 'khala.md#stale-cursor-storm',
  },
  {
    name: 'OpenAgentsKhalaReplaySlow',
    promise: '95 of 100 subscriptions have caught up within 5 s',
    expression: quantile(0.95, 'khala_replay_duration_seconds', '10m'),
    unit: 's',
    for: '10m',
    levels: [
      { severity: 'warning', above: 5 },
      { severity: 'critical', above: 20 },
    ],
    runbook: 'khala.md#stale-cursor-storm',
  },
  {
    name: 'OpenAgentsKhalaStaleCursors',
    promise: 'at most 20 cursors in ten minutes cannot be continued',
    expression: increase('khala_cursor_outcomes_total', '10m', { outcome: STALE_REASON_TEXTS }),
    unit: 'cursors',
    for: '5m',
    levels: [
      { severity: 'warning', above: 20 },
      { severity: 'critical', above: 200 },
    ],
    runbook: 'khala.md#stale-cursor-storm',
  },
  {
    name: 'OpenAgentsKhalaSlowConsumerEvictions',
    promise: 'at most 10 sockets in ten minutes are closed because nobody reads them',
    expression: increase('khala_disconnects_total', '10m', { cause: 'slow_consumer' }),
    unit: 'sockets',
    for: '5m',
    levels: [
      { severity: 'warning', above: 10 },
      { severity: 'critical', above: 100 },
    ],
    runbook: 'khala.md#slow-consumers',
  },
  {
    name: 'OpenAgentsKhalaSlowConsumerTrend',
    promise: 'evictions of slow consumers do not grow threefold within an hour',
    expression: `${rate('khala_disconnects_total', '10m', { cause: 'slow_consumer' })} / (${rate('khala_disconnects_total', '1h', { cause: 'slow_consumer' })} > 0.002)`,
    unit: 'ratio',
    for: '10m',
    levels: [{ severity: 'warning', above: 3 }],
    runbook: 'khala.md#slow-consumers',
  },
  {
    name: 'OpenAgentsKhalaDeadPeers',
    promise: 'fewer than one socket in 20 s dies without a word',
    expression: rate('khala_disconnects_total', '10m', { cause: 'silent_client' }),
    unit: 'per s',
    for: '10m',
    levels: [{ severity: 'warning', above: 0.05 }],
    runbook: 'khala.md#a-node-leaves',
  },
  {
    name: 'OpenAgentsKhalaOverloaded',
    promise: 'nobody is sent away because a node is full',
    expression: rate('khala_disconnects_total', '5m', { cause: 'overloaded' }),
    unit: 'per s',
    for: '5m',
    levels: [{ severity: 'critical', above: 0.1 }],
    runbook: 'khala.md#a-node-leaves',
  },
  {
    name: 'OpenAgentsKhalaReconnectStorm',
    promise: 'handshakes stay within five times what the open sockets need',
    expression: `${rate('khala_connects_total', '5m', { outcome: 'admitted' })} / (${total('khala_connections', { state: 'admitted' })} > 50)`,
    unit: 'per s and socket',
    for: '10m',
    levels: [{ severity: 'warning', above: 0.05 }],
    runbook: 'khala.md#a-node-leaves',
  },
  {
    name: 'OpenAgentsKhalaClientReconnectSpike',
    promise: 'clients tell of at most three lost lines in two seconds',
    expression: rate('control_client_telemetry_total', '10m', { event_type: 'reconnect' }),
    unit: 'per s',
    for: '10m',
    levels: [{ severity: 'warning', above: 1.5 }],
    runbook: 'khala.md#a-node-leaves',
  },
  {
    name: 'OpenAgentsKhalaClientAuthFailureByBuild',
    promise: 'no build of a client is refused more than once in five seconds',
    expression: `max(${rate('control_client_telemetry_total', '10m', { event_type: 'auth_failure' }, 'build')})`,
    unit: 'per s',
    for: '10m',
    levels: [{ severity: 'warning', above: 0.2 }],
    runbook: 'khala.md#tokens-are-refused',
  },
  {
    name: 'OpenAgentsKhalaHintsLost',
    promise: 'of 100 topics that moved at most 50 are found by the safety poll',
    expression: share('khala_wake_ups_total', '10m', { by: 'poll' }),
    unit: 'ratio',
    for: '10m',
    levels: [{ severity: 'warning', above: 0.5 }],
    runbook: 'khala.md#hints-are-lost',
  },
  {
    name: 'OpenAgentsKhalaJournalUnreadable',
    promise: 'the journal can be read',
    expression: rate('khala_read_faults_total', '5m'),
    unit: 'per s',
    for: '2m',
    levels: [{ severity: 'critical', above: 0.1 }],
    runbook: 'khala.md#the-journal-cannot-be-read',
  },
  {
    name: 'OpenAgentsKhalaAuditBehind',
    promise: 'each denial is stored',
    expression: increase('khala_audit_faults_total', '10m'),
    unit: 'batches',
    for: '5m',
    levels: [{ severity: 'critical', above: 3 }],
    runbook: 'khala.md#the-journal-cannot-be-read',
  },
  {
    name: 'OpenAgentsKhalaTokenMintFailureRatioHigh',
    promise: 'of 100 sync tokens at most one is not issued for a fault of ours',
    expression: share('control_sync_tokens_total', '15m', {
      outcome: ['service_unavailable', 'internal_error'],
    }),
    unit: 'ratio',
    for: '15m',
    levels: [{ severity: 'warning', above: 0.01 }],
    runbook: 'khala.md#tokens-are-refused',
  },
  {
    name: 'OpenAgentsRevocationSlow',
    promise: '99 of 100 revocations reach the runtime within 250 ms',
    expression: quantile(0.99, 'control_revocations_told_seconds', '10m'),
    unit: 's',
    for: '5m',
    levels: [
      { severity: 'warning', above: 0.25 },
      { severity: 'critical', above: 5 },
    ],
    runbook: 'khala.md#revocations-lag',
  },
  {
    name: 'OpenAgentsKhalaRevocationsUnknown',
    promise: 'each node knows every revocation of two seconds ago',
    expression: `max(${gauge('khala_revocation_lag_seconds')})`,
    unit: 's',
    for: '1m',
    levels: [{ severity: 'critical', above: 2 }],
    runbook: 'khala.md#revocations-lag',
  },
  {
    name: 'OpenAgentsProjectionDrift',
    promise: 'read models say what their log says',
    expression: increase('projection_drift_total', '10m'),
    unit: 'rows',
    for: '5m',
    levels: [{ severity: 'critical', above: 3 }],
    runbook: 'khala.md#the-journal-cannot-be-read',
  },
];
