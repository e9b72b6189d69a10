import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  index,
  integer,
  jsonb,
  primaryKey,
  text,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { bytea, moment, runtimeSchema } from './columns.ts';
import { syncTopics } from './sync.ts';

const now = sql`clock_timestamp()`;

export const runs = runtimeSchema.table(
  'runs',
  {
    runId: text('run_id').primaryKey(),
    topicId: bigint('topic_id', { mode: 'bigint' })
      .notNull()
      .unique('runs_topic_id_key')
      .references(() => syncTopics.topicId),
    threadId: text('thread_id').notNull(),
    userId: text('user_id'),
    guestScope: text('guest_scope'),
    orgId: text('org_id'),
    status: text('status').notNull().default('created'),
    phase: text('phase').notNull().default(''),
    objective: text('objective').notNull(),
    objectiveHash: bytea('objective_hash').notNull(),
    workUnit: text('work_unit').notNull(),
    spec: jsonb('spec').notNull(),
    policyBundleId: text('policy_bundle_id'),
    workerId: text('worker_id'),
    latestSeq: bigint('latest_seq', { mode: 'bigint' }).notNull().default(sql`0`),
    lastEventHash: bytea('last_event_hash').notNull().default(sql`decode(repeat('00', 32), 'hex')`),
    eventCount: bigint('event_count', { mode: 'bigint' }).generatedAlwaysAs(sql`latest_seq`),
    terminalReasonClass: text('terminal_reason_class').notNull().default(''),
    terminalReason: text('terminal_reason').notNull().default(''),
    verdict: jsonb('verdict'),
    receiptId: text('receipt_id'),
    trajectoryHash: bytea('trajectory_hash'),
    patch: jsonb('patch'),
    replay: jsonb('replay'),
    bundle: jsonb('bundle'),
    turns: integer('turns').notNull().default(0),
    recoveries: integer('recoveries').notNull().default(0),
    createFingerprint: text('create_fingerprint'),
    createdAt: moment('created_at').notNull().default(now),
    startedAt: moment('started_at'),
    terminalAt: moment('terminal_at'),
    updatedAt: moment('updated_at').notNull().default(now),
  },
  (table) => [
    index('runs_by_user')
      .on(table.userId, table.createdAt.desc().nullsFirst(), table.runId.desc().nullsFirst())
      .where(sql`user_id is not null`),
    index('runs_by_org')
      .on(table.orgId, table.createdAt.desc().nullsFirst(), table.runId.desc().nullsFirst())
      .where(sql`org_id is not null`),
    index('runs_by_guest')
      .on(table.guestScope, table.createdAt.desc().nullsFirst(), table.runId.desc().nullsFirst())
      .where(sql`guest_scope is not null`),
    index('runs_by_thread').on(table.threadId, table.createdAt.desc().nullsFirst()),
    index('runs_live')
      .on(table.status, table.workerId)
      .where(sql`status in ('created', 'running', 'canceling')`),
    index('runs_open').on(table.runId).where(sql`status in ('created', 'running', 'canceling')`),
    index('runs_without_files')
      .on(table.runId)
      .where(sql`trajectory_hash is not null and replay is null`),
  ],
);

export const unreachedRuns = runtimeSchema.table(
  'unreached_runs',
  {
    runId: text('run_id')
      .primaryKey()
      .references(() => runs.runId),
    notedAt: moment('noted_at').notNull().default(now),
  },
  (table) => [index('unreached_runs_by_time').on(table.notedAt)],
);

export const runEvents = runtimeSchema.table(
  'run_events',
  {
    runId: text('run_id').notNull(),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    eventType: text('event_type').notNull(),
    payload: bytea('payload').notNull(),
    payloadSha256: bytea('payload_sha256').notNull(),
    eventHash: bytea('event_hash').notNull(),
    idempotencyKey: text('idempotency_key'),
    sanitized: boolean('sanitized').notNull().default(false),
    recordedAt: moment('recorded_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.seq] }),
    uniqueIndex('run_events_idempotency')
      .on(sql`(run_id || ' ' || idempotency_key)`)
      .where(sql`idempotency_key is not null`),
  ],
);

export const lateResults = runtimeSchema.table(
  'late_results',
  {
    lateResultId: bigint('late_result_id', { mode: 'bigint' })
      .generatedAlwaysAsIdentity()
      .primaryKey(),
    runId: text('run_id')
      .notNull()
      .references(() => runs.runId),
    eventType: text('event_type').notNull(),
    payload: bytea('payload').notNull(),
    payloadSha256: bytea('payload_sha256').notNull(),
    idempotencyKey: text('idempotency_key'),
    receivedAt: moment('received_at').notNull().default(now),
  },
  (table) => [
    uniqueIndex('late_results_idempotency')
      .on(table.runId, table.idempotencyKey)
      .where(sql`idempotency_key is not null`),
  ],
);

export const frames = runtimeSchema.table(
  'frames',
  {
    runId: text('run_id')
      .notNull()
      .references(() => runs.runId),
    frameId: text('frame_id').notNull(),
    frameType: text('frame_type').notNull(),
    payloadSha256: bytea('payload_sha256').notNull(),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    receivedAt: moment('received_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.runId, table.frameId] })],
);

export const toolTasks = runtimeSchema.table(
  'tool_tasks',
  {
    runId: text('run_id')
      .notNull()
      .references(() => runs.runId),
    toolCallId: text('tool_call_id').notNull(),
    toolName: text('tool_name').notNull(),
    state: text('state').notNull(),
    paramsHash: bytea('params_hash'),
    outputHash: bytea('output_hash'),
    errorClass: text('error_class'),
    errorMessage: text('error_message'),
    queuedAt: moment('queued_at').notNull().default(now),
    startedAt: moment('started_at'),
    finishedAt: moment('finished_at'),
  },
  (table) => [primaryKey({ columns: [table.runId, table.toolCallId] })],
);
