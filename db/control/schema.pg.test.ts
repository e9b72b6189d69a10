import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import * as schema from './schema.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['control']);
});
afterAll(() => database[Symbol.asyncDispose]());

const tables = Object.values(schema).filter((value) => value instanceof PgTable);

test('the typed schema and the migrations describe the same columns', async () => {
  const rows = await database.owner<
    { table: string; column: string; type: string; nullable: boolean }[]
  >`
    select c.relname as "table", a.attname as "column", format_type(a.atttypid, a.atttypmod) as type,
      not a.attnotnull as nullable
    from pg_attribute a join pg_class c on c.oid = a.attrelid
    where c.relnamespace = 'control'::regnamespace and c.relkind = 'r' and a.attnum > 0
      and not a.attisdropped`;
  const migrated = rows.map(
    ({ table, column, type, nullable }) => `${table}.${column} ${type} ${nullable}`,
  );
  const declared = tables.flatMap((table) => {
    const { name, columns } = getTableConfig(table);
    return columns.map(
      (column) => `${name}.${column.name} ${typeOf(column.getSQLType())} ${!column.notNull}`,
    );
  });
  expect(declared.sort()).toEqual(migrated.sort());
});

test('the typed schema and the migrations have the same indexes', async () => {
  const rows = await database.owner<{ name: string }[]>`
    select i.relname as name from pg_index x join pg_class i on i.oid = x.indexrelid
    where i.relnamespace = 'control'::regnamespace
      and not exists (select from pg_constraint where conindid = i.oid)`;
  const declared = tables.flatMap((table) =>
    getTableConfig(table).indexes.map((index) => index.config.name),
  );
  expect(declared.sort()).toEqual(rows.map(({ name }) => name).sort());
});

test('what was audited can be neither changed nor removed, not even by the owner', async () => {
  const { control, owner } = database;
  await control`
    insert into control.audit_log (audit_id, event_name, outcome, request_id, occurred_at)
    values ('audit_1', 'auth.logout.completed', 'ok', 'req_1', now())`;
  await expect(control`update control.audit_log set outcome = 'denied'`).rejects.toThrow(
    /permission denied/,
  );
  await expect(control`delete from control.audit_log`).rejects.toThrow(/permission denied/);
  await expect(control`truncate control.audit_log`).rejects.toThrow(/permission denied/);
  await expect(owner`update control.audit_log set outcome = 'denied'`).rejects.toThrow(
    /append-only/,
  );
  await expect(owner`truncate control.audit_log`).rejects.toThrow(/append-only/);
});

test('the tables themselves hold what the code promises', async () => {
  const { control } = database;
  await control`
    insert into control.users (user_id, email, created_at, updated_at) values ('u', 'u@x', now(), now())`;
  await control`
    insert into control.orgs (org_id, slug, name, created_at, updated_at) values ('o', 'o', 'O', now(), now())`;
  await control`
    insert into control.memberships (user_id, org_id, role, created_at, updated_at)
    values ('u', 'o', 'owner', now(), now())`;
  await control`
    insert into control.devices (user_id, device_id, first_seen_at, last_seen_at) values ('u', 'd', now(), now())`;
  const session = (id: string) => control`
    insert into control.sessions
      (session_id, user_id, device_id, active_org_id, issued_at, access_expires_at, refresh_expires_at)
    values (${id}, 'u', 'd', 'o', now(), now(), now())`;
  await session('s1');
  await expect(session('s2')).rejects.toThrow(/sessions_one_per_device/);
  const token = (byte: string, generation: number) => control`
    insert into control.refresh_tokens (token_hash, session_id, generation, issued_at, expires_at)
    values (decode(repeat(${byte}, 32), 'hex'), 's1', ${generation}, now(), now())`;
  await token('01', 0);
  await expect(token('02', 0)).rejects.toThrow(/refresh_tokens_generation/);
  await expect(token('02', 1)).rejects.toThrow(/refresh_tokens_one_current/);
  await expect(control`
    insert into control.challenges (challenge_id, email, code_hash, attempts, created_at, expires_at)
    values ('c', 'u@x', decode(repeat('01', 32), 'hex'), 6, now(), now())`).rejects.toThrow(
    /attempts/,
  );
});

/** Drizzle leaves out the blank that Postgres writes. */
function typeOf(type: string): string {
  return type.replace(/^timestamp \((\d)\)/, 'timestamp($1)');
}
