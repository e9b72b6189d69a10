import { sql } from 'drizzle-orm';
import { bigint, boolean, index, jsonb, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytea, moment, runtimeSchema } from './columns.ts';

const now = sql`clock_timestamp()`;

export const workers = runtimeSchema.table(
  'workers',
  {
    workerId: text('worker_id').primaryKey(),
    userId: text('user_id'),
    guestScope: text('guest_scope'),
    orgId: text('org_id'),
    sharedWithOrg: boolean('shared_with_org').notNull().default(false),
    status: text('status').notNull().default('starting'),
    workspaceRef: text('workspace_ref').notNull().default(''),
    codexHomeRef: text('codex_home_ref').notNull().default(''),
    adapter: text('adapter').notNull().default(''),
    labels: jsonb('labels').notNull().default({}),
    metadata: jsonb('metadata').notNull().default({}),
    latestSeq: bigint('latest_seq', { mode: 'bigint' }).notNull().default(sql`0`),
    leaseEpoch: bigint('lease_epoch', { mode: 'bigint' }).notNull().default(sql`0`),
    leaseExpiresAt: moment('lease_expires_at'),
    lastHeartbeatAt: moment('last_heartbeat_at'),
    startedAt: moment('started_at').notNull().default(now),
    stoppedAt: moment('stopped_at'),
    updatedAt: moment('updated_at').notNull().default(now),
  },
  (table) => [
    index('workers_by_user').on(table.userId, table.workerId).where(sql`user_id is not null`),
    index('workers_by_org').on(table.orgId, table.workerId).where(sql`org_id is not null`),
    index('workers_live')
      .on(table.status)
      .where(sql`status in ('starting', 'running', 'stopping')`),
  ],
);

export const workerEvents = runtimeSchema.table(
  'worker_events',
  {
    workerId: text('worker_id')
      .notNull()
      .references(() => workers.workerId),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    eventType: text('event_type').notNull(),
    payload: bytea('payload').notNull(),
    payloadSha256: bytea('payload_sha256').notNull(),
    idempotencyKey: text('idempotency_key'),
    recordedAt: moment('recorded_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.workerId, table.seq] }),
    uniqueIndex('worker_events_idempotency')
      .on(table.workerId, table.idempotencyKey)
      .where(sql`idempotency_key is not null`),
  ],
);

export const workerRequests = runtimeSchema.table(
  'worker_requests',
  {
    workerId: text('worker_id')
      .notNull()
      .references(() => workers.workerId),
    requestId: text('request_id').notNull(),
    method: text('method').notNull(),
    params: jsonb('params').notNull().default({}),
    runId: text('run_id'),
    threadId: text('thread_id'),
    state: text('state').notNull().default('pending'),
    response: jsonb('response'),
    errorCode: text('error_code'),
    errorMessage: text('error_message'),
    seq: bigint('seq', { mode: 'bigint' }).notNull().default(sql`0`),
    fingerprint: text('fingerprint'),
    createdAt: moment('created_at').notNull().default(now),
    deadlineAt: moment('deadline_at').notNull(),
    finishedAt: moment('finished_at'),
  },
  (table) => [
    primaryKey({ columns: [table.workerId, table.requestId] }),
    index('worker_requests_by_run').on(table.runId, table.createdAt).where(sql`run_id is not null`),
    index('worker_requests_overdue').on(table.deadlineAt).where(sql`state = 'pending'`),
  ],
);
