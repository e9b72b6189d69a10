import { sql } from 'drizzle-orm';
import { bigint, index, jsonb, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import { bytea, moment, runtimeSchema } from './columns.ts';
import { runs } from './runs.ts';

const now = sql`clock_timestamp()`;

export const artifacts = runtimeSchema.table('artifacts', {
  sha256: bytea('sha256').primaryKey(),
  bytes: bigint('bytes', { mode: 'bigint' }).notNull(),
  createdAt: moment('created_at').notNull().default(now),
});

export const artifactGrants = runtimeSchema.table(
  'artifact_grants',
  {
    runId: text('run_id')
      .notNull()
      .references(() => runs.runId),
    sha256: bytea('sha256')
      .notNull()
      .references(() => artifacts.sha256),
    kind: text('kind').notNull(),
    grantedAt: moment('granted_at').notNull().default(now),
  },
  (table) => [
    primaryKey({ columns: [table.runId, table.sha256, table.kind] }),
    index('artifact_grants_by_artifact').on(table.sha256),
  ],
);

export const receipts = runtimeSchema.table(
  'receipts',
  {
    receiptId: text('receipt_id').primaryKey(),
    schema: text('schema').notNull(),
    runId: text('run_id').references(() => runs.runId),
    idempotencyKey: text('idempotency_key').notNull(),
    canonical: bytea('canonical').notNull(),
    receipt: jsonb('receipt').notNull(),
    kid: text('kid').notNull(),
    issuedAt: moment('issued_at').notNull(),
  },
  (table) => [
    unique('receipts_schema_idempotency_key_key').on(table.schema, table.idempotencyKey),
    index('receipts_by_run').on(table.runId, table.schema).where(sql`run_id is not null`),
  ],
);

export const policyBundles = runtimeSchema.table('policy_bundles', {
  policyBundleId: text('policy_bundle_id').primaryKey(),
  document: bytea('document').notNull(),
  createdAt: moment('created_at').notNull().default(now),
});

export const signingKeys = runtimeSchema.table('signing_keys', {
  kid: text('kid').primaryKey(),
  service: text('service').notNull(),
  publicJwk: jsonb('public_jwk').notNull(),
  notBefore: moment('not_before').notNull().default(now),
  retiredAt: moment('retired_at'),
});
