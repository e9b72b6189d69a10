import { sql } from 'drizzle-orm';
import { boolean, index, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { controlSchema, moment } from './columns.ts';

export const users = controlSchema.table('users', {
  userId: text('user_id').primaryKey(),
  email: text('email').notNull().unique('users_email_key'),
  name: text('name').notNull().default(''),
  providerSubject: text('provider_subject').unique('users_provider_subject_key'),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
  deletedAt: moment('deleted_at'),
});

export const orgs = controlSchema.table('orgs', {
  orgId: text('org_id').primaryKey(),
  slug: text('slug').notNull().unique('orgs_slug_key'),
  name: text('name').notNull(),
  personalUserId: text('personal_user_id')
    .unique('orgs_personal_user_id_key')
    .references(() => users.userId),
  createdAt: moment('created_at').notNull(),
  updatedAt: moment('updated_at').notNull(),
});

export const memberships = controlSchema.table(
  'memberships',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.userId),
    orgId: text('org_id')
      .notNull()
      .references(() => orgs.orgId),
    role: text('role').notNull(),
    defaultOrg: boolean('default_org').notNull().default(false),
    createdAt: moment('created_at').notNull(),
    updatedAt: moment('updated_at').notNull(),
  },
  (table) => [
    primaryKey({ columns: [table.userId, table.orgId] }),
    index('memberships_by_org').on(table.orgId),
    uniqueIndex('memberships_one_default').on(table.userId).where(sql`default_org`),
  ],
);

export const devices = controlSchema.table(
  'devices',
  {
    userId: text('user_id')
      .notNull()
      .references(() => users.userId),
    deviceId: text('device_id').notNull(),
    clientId: text('client_id').notNull().default(''),
    platform: text('platform').notNull().default(''),
    name: text('name').notNull().default(''),
    firstSeenAt: moment('first_seen_at').notNull(),
    lastSeenAt: moment('last_seen_at').notNull(),
  },
  (table) => [primaryKey({ columns: [table.userId, table.deviceId] })],
);
