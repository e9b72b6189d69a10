import { sql } from 'drizzle-orm';
import { boolean, index, integer, jsonb, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { moment, runtimeSchema } from './columns.ts';
import { runs } from './runs.ts';

const now = sql`clock_timestamp()`;

export const threads = runtimeSchema.table(
  'threads',
  {
    threadId: text('thread_id').primaryKey(),
    userId: text('user_id'),
    guestScope: text('guest_scope'),
    orgId: text('org_id'),
    workerId: text('worker_id'),
    activeRunId: text('active_run_id'),
    messageCount: integer('message_count').notNull().default(0),
    createdAt: moment('created_at').notNull().default(now),
    updatedAt: moment('updated_at').notNull().default(now),
    lastMessageAt: moment('last_message_at'),
    agentThreadId: text('agent_thread_id'),
    agentWorkerId: text('agent_worker_id'),
    agentThreadForks: boolean('agent_thread_forks').notNull().default(false),
    forkedFromThreadId: text('forked_from_thread_id'),
  },
  (table) => [
    index('threads_by_user')
      .on(table.userId, table.createdAt.desc().nullsFirst(), table.threadId.desc().nullsFirst())
      .where(sql`user_id is not null`),
  ],
);

export const messages = runtimeSchema.table(
  'messages',
  {
    messageId: text('message_id').primaryKey(),
    threadId: text('thread_id')
      .notNull()
      .references(() => threads.threadId),
    position: integer('position').notNull(),
    role: text('role').notNull(),
    text: text('text').notNull(),
    runId: text('run_id'),
    createdAt: moment('created_at').notNull().default(now),
  },
  (table) => [unique('messages_thread_id_position_key').on(table.threadId, table.position)],
);

export const approvals = runtimeSchema.table(
  'approvals',
  {
    approvalId: text('approval_id').primaryKey(),
    runId: text('run_id')
      .notNull()
      .references(() => runs.runId),
    kind: text('kind').notNull(),
    subject: jsonb('subject').notNull().default({}),
    reason: text('reason').notNull().default(''),
    state: text('state').notNull().default('requested'),
    decision: text('decision'),
    scope: text('scope'),
    resolvedBy: text('resolved_by'),
    resolutionReason: text('resolution_reason'),
    requestedAt: moment('requested_at').notNull().default(now),
    expiresAt: moment('expires_at').notNull(),
    resolvedAt: moment('resolved_at'),
    requestId: text('request_id'),
    approvalKey: text('approval_key').notNull().default(''),
    workerId: text('worker_id'),
    turn: integer('turn').notNull().default(0),
    generation: text('generation').notNull().default(''),
    scopes: text('scopes').array().notNull().default(['once']),
    ruleKey: text('rule_key').notNull().default(''),
    policy: jsonb('policy').notNull().default({}),
    onTimeout: text('on_timeout').notNull().default('deny'),
  },
  (table) => [
    index('approvals_by_run').on(table.runId, table.requestedAt),
    index('approvals_open').on(table.expiresAt).where(sql`state = 'requested'`),
    index('approvals_by_request').on(table.requestId).where(sql`request_id is not null`),
    index('approvals_waiting')
      .on(table.requestedAt, table.approvalId)
      .where(sql`state = 'requested'`),
  ],
);

export const approvalGrants = runtimeSchema.table(
  'approval_grants',
  {
    threadId: text('thread_id').notNull(),
    ruleKey: text('rule_key').notNull(),
    approvalId: text('approval_id')
      .notNull()
      .references(() => approvals.approvalId),
    grantedBy: text('granted_by').notNull(),
    grantedAt: moment('granted_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.threadId, table.ruleKey] })],
);
