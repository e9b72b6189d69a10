import { sql } from 'drizzle-orm';
import { index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, controlSchema, moment } from './columns.ts';

export const auditLog = controlSchema.table(
  'audit_log',
  {
    auditId: text('audit_id').primaryKey(),
    eventName: text('event_name').notNull(),
    outcome: text('outcome').notNull(),
    requestId: text('request_id').notNull(),
    userId: text('user_id').notNull().default(''),
    sessionId: text('session_id').notNull().default(''),
    orgId: text('org_id').notNull().default(''),
    deviceId: text('device_id').notNull().default(''),
    attributes: jsonb('attributes').notNull().default(sql`'{}'`),
    occurredAt: moment('occurred_at').notNull(),
  },
  (table) => [
    index('audit_log_by_time').on(table.occurredAt),
    index('audit_log_by_user').on(table.userId, table.occurredAt),
  ],
);

export const idempotencyKeys = controlSchema.table(
  'idempotency_keys',
  {
    principal: text('principal').notNull(),
    route: text('route').notNull(),
    key: text('key').notNull(),
    fingerprint: text('fingerprint').notNull(),
    state: text('state').notNull().default('in_progress'),
    reservedId: text('reserved_id'),
    status: integer('status'),
    headers: jsonb('headers'),
    body: bytea('body'),
    leaseUntil: moment('lease_until').notNull(),
    expiresAt: moment('expires_at'),
    createdAt: moment('created_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.principal, table.route, table.key] }),
    index('idempotency_keys_expires_at').on(table.expiresAt),
  ],
);

export const internalNonces = controlSchema.table(
  'internal_nonces',
  {
    jti: text('jti').primaryKey(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [index('internal_nonces_expires_at').on(table.expiresAt)],
);

export const rateLimits = controlSchema.table(
  'rate_limits',
  {
    gate: text('gate').notNull(),
    principalHash: bytea('principal_hash').notNull(),
    windowStartedAt: moment('window_started_at').notNull(),
    count: integer('count').notNull(),
    previousCount: integer('previous_count').notNull().default(0),
  },
  (table) => [
    primaryKey({ columns: [table.gate, table.principalHash] }),
    index('rate_limits_stale').on(table.windowStartedAt),
  ],
);
