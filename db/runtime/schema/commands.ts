import { sql } from 'drizzle-orm';
import { bigint, index, integer, jsonb, primaryKey, text } from 'drizzle-orm/pg-core';
import { bytea, moment, runtimeSchema } from './columns.ts';

const now = sql`clock_timestamp()`;

export const commandReceipts = runtimeSchema.table(
  'command_receipts',
  {
    auditId: text('audit_id').primaryKey(),
    requestId: text('request_id').notNull(),
    principal: text('principal').notNull(),
    route: text('route').notNull(),
    fingerprint: text('fingerprint').notNull(),
    positions: jsonb('positions').notNull(),
    createdAt: moment('created_at').notNull().default(now),
  },
  (table) => [index('command_receipts_by_request').on(table.requestId)],
);

export const idempotencyKeys = runtimeSchema.table(
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
    createdAt: moment('created_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.principal, table.route, table.key] }),
    index('idempotency_keys_expires_at').on(table.expiresAt),
  ],
);

export const internalNonces = runtimeSchema.table(
  'internal_nonces',
  {
    jti: text('jti').primaryKey(),
    expiresAt: moment('expires_at').notNull(),
  },
  (table) => [index('internal_nonces_expires_at').on(table.expiresAt)],
);

export const projectionCheckpoints = runtimeSchema.table(
  'projection_checkpoints',
  {
    projection: text('projection').notNull(),
    entityId: text('entity_id').notNull(),
    projectionVersion: text('projection_version').notNull(),
    lastSeq: bigint('last_seq', { mode: 'bigint' }).notNull(),
    projectionHash: bytea('projection_hash').notNull(),
    projectedAt: moment('projected_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.projection, table.entityId] })],
);

export const projectionDrift = runtimeSchema.table(
  'projection_drift',
  {
    driftId: bigint('drift_id', { mode: 'bigint' }).generatedAlwaysAsIdentity().primaryKey(),
    projection: text('projection').notNull(),
    entityId: text('entity_id').notNull(),
    driftClass: text('drift_class').notNull(),
    fields: text('fields').array().notNull(),
    expectedSeq: bigint('expected_seq', { mode: 'bigint' }).notNull(),
    foundSeq: bigint('found_seq', { mode: 'bigint' }).notNull(),
    detectedAt: moment('detected_at').notNull().default(now),
  },
  (table) => [index('projection_drift_by_entity').on(table.entityId, table.detectedAt)],
);
