import { sql } from 'drizzle-orm';
import { bigint, date, index, integer, primaryKey, text, unique, uuid } from 'drizzle-orm/pg-core';
import { bytea, khalaSchema, moment, runtimeSchema } from './columns.ts';

const now = sql`clock_timestamp()`;

export const syncTopics = runtimeSchema.table(
  'sync_topics',
  {
    topicId: bigint('topic_id', { mode: 'bigint' }).generatedAlwaysAsIdentity().primaryKey(),
    topic: text('topic').notNull(),
    class: text('class').notNull(),
    ownerUserId: text('owner_user_id'),
    orgId: text('org_id'),
    epoch: uuid('epoch').notNull().defaultRandom(),
    headSeq: bigint('head_seq', { mode: 'bigint' }).notNull().default(sql`0`),
    floorSeq: bigint('floor_seq', { mode: 'bigint' }).notNull().default(sql`0`),
    snapshotSeq: bigint('snapshot_seq', { mode: 'bigint' }).notNull().default(sql`0`),
    createdAt: moment('created_at').notNull().default(now),
    updatedAt: moment('updated_at').notNull().default(now),
  },
  (table) => [
    unique('sync_topics_topic_key').on(table.topic),
    index('sync_topics_by_class').on(table.class, table.topicId).where(sql`class <> 'run_events'`),
  ],
);

/** Partitioned by list(class), then range(day): the migration says how, drizzle cannot. */
export const syncEvents = runtimeSchema.table(
  'sync_events',
  {
    topicId: bigint('topic_id', { mode: 'bigint' }).notNull(),
    seq: bigint('seq', { mode: 'bigint' }).notNull(),
    class: text('class').notNull(),
    day: date('day').notNull(),
    kind: text('kind').notNull(),
    schemaVersion: integer('schema_version').notNull().default(1),
    payload: bytea('payload').notNull(),
    payloadSha256: bytea('payload_sha256').notNull(),
    docKey: text('doc_key'),
    docVersion: bigint('doc_version', { mode: 'bigint' }),
    insertedAt: moment('inserted_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.topicId, table.seq, table.class, table.day] })],
);

export const syncSnapshots = runtimeSchema.table(
  'sync_snapshots',
  {
    topicId: bigint('topic_id', { mode: 'bigint' })
      .notNull()
      .references(() => syncTopics.topicId),
    asOfSeq: bigint('as_of_seq', { mode: 'bigint' }).notNull(),
    epoch: uuid('epoch').notNull(),
    schemaVersion: integer('schema_version').notNull().default(1),
    payload: bytea('payload').notNull(),
    payloadSha256: bytea('payload_sha256').notNull(),
    createdAt: moment('created_at').notNull().default(now),
  },
  (table) => [primaryKey({ columns: [table.topicId, table.asOfSeq] })],
);

export const syncRevocations = runtimeSchema.table(
  'sync_revocations',
  {
    revocationId: bigint('revocation_id', { mode: 'bigint' })
      .generatedAlwaysAsIdentity()
      .primaryKey(),
    jti: text('jti'),
    sessionId: text('session_id'),
    deviceId: text('device_id'),
    userId: text('user_id'),
    orgId: text('org_id'),
    reason: text('reason').notNull().default(''),
    notBefore: moment('not_before').notNull(),
    expiresAt: moment('expires_at').notNull(),
    createdAt: moment('created_at').notNull().default(now),
  },
  (table) => [index('sync_revocations_expires_at').on(table.expiresAt)],
);

export const khalaAudit = khalaSchema.table(
  'audit',
  {
    auditId: bigint('audit_id', { mode: 'bigint' }).generatedAlwaysAsIdentity().primaryKey(),
    nodeId: text('node_id').notNull(),
    connectionId: text('connection_id').notNull().default(''),
    decision: text('decision').notNull(),
    reason: text('reason').notNull().default(''),
    userId: text('user_id'),
    sessionId: text('session_id'),
    deviceId: text('device_id'),
    topic: text('topic'),
    occurrences: integer('occurrences').notNull().default(1),
    recordedAt: moment('recorded_at').notNull().default(now),
  },
  (table) => [index('audit_recorded_at').on(table.recordedAt)],
);
