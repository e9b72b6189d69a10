import { sql } from 'drizzle-orm';
import { bigint, foreignKey, index, integer, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { bytea, controlSchema, moment } from './columns.ts';
import { devices, orgs } from './identity.ts';

export const challenges = controlSchema.table(
  'challenges',
  {
    challengeId: text('challenge_id').primaryKey(),
    email: text('email').notNull(),
    codeHash: bytea('code_hash'),
    providerRef: text('provider_ref'),
    attempts: integer('attempts').notNull().default(0),
    createdAt: moment('created_at').notNull(),
    expiresAt: moment('expires_at').notNull(),
    consumedAt: moment('consumed_at'),
  },
  (table) => [
    index('challenges_expires_at').on(table.expiresAt),
    index('challenges_by_email').on(table.email, table.createdAt),
  ],
);

export const sessions = controlSchema.table(
  'sessions',
  {
    sessionId: text('session_id').primaryKey(),
    userId: text('user_id').notNull(),
    deviceId: text('device_id').notNull(),
    activeOrgId: text('active_org_id')
      .notNull()
      .references(() => orgs.orgId),
    status: text('status').notNull().default('active'),
    issuedAt: moment('issued_at').notNull(),
    accessExpiresAt: moment('access_expires_at').notNull(),
    refreshExpiresAt: moment('refresh_expires_at').notNull(),
    lastRefreshedAt: moment('last_refreshed_at'),
    revokedAt: moment('revoked_at'),
    revokedReason: text('revoked_reason'),
  },
  (table) => [
    foreignKey({
      columns: [table.userId, table.deviceId],
      foreignColumns: [devices.userId, devices.deviceId],
    }),
    uniqueIndex('sessions_one_per_device')
      .on(table.userId, table.deviceId)
      .where(sql`status = 'active'`),
    index('sessions_by_user').on(table.userId, table.issuedAt.desc().nullsFirst()),
  ],
);

export const refreshTokens = controlSchema.table(
  'refresh_tokens',
  {
    tokenHash: bytea('token_hash').primaryKey(),
    sessionId: text('session_id')
      .notNull()
      .references(() => sessions.sessionId),
    generation: integer('generation').notNull(),
    issuedAt: moment('issued_at').notNull(),
    expiresAt: moment('expires_at').notNull(),
    rotatedAt: moment('rotated_at'),
    successorHash: bytea('successor_hash'),
  },
  (table) => [
    uniqueIndex('refresh_tokens_generation').on(table.sessionId, table.generation),
    uniqueIndex('refresh_tokens_one_current').on(table.sessionId).where(sql`rotated_at is null`),
    index('refresh_tokens_expires_at').on(table.expiresAt),
  ],
);

export const sessionRevocations = controlSchema.table(
  'session_revocations',
  {
    revocationId: bigint('revocation_id', { mode: 'bigint' })
      .primaryKey()
      .generatedAlwaysAsIdentity(),
    sessionIds: text('session_ids').array().notNull(),
    reason: text('reason').notNull(),
    requestedAt: moment('requested_at').notNull(),
    attempts: integer('attempts').notNull().default(0),
    nextAttemptAt: moment('next_attempt_at').notNull(),
    lastError: text('last_error').notNull().default(''),
    toldAt: moment('told_at'),
    userId: text('user_id'),
    orgId: text('org_id'),
  },
  (table) => [
    index('session_revocations_open').on(table.nextAttemptAt).where(sql`told_at is null`),
  ],
);
