import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Sql } from './connect.ts';
import { PLANE } from './planes.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await testDatabase();
  // Tables that a later migration would add, created as the owners create them.
  for (const plane of ['control', 'runtime'] as const) {
    await database.owner.begin(async (tx) => {
      await tx`set local role ${tx(PLANE[plane].owner)}`;
      await tx`create table ${tx(`${plane}.added_later`)} (id int primary key)`;
    });
  }
});
afterAll(() => database[Symbol.asyncDispose]());

async function stateOf(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => 'allowed',
    (error: { code?: string }) => error.code ?? String(error),
  );
}

const INSUFFICIENT_PRIVILEGE = '42501';

/** Every kind of statement, as someone would write it who wants in. */
function statements(table: string): [kind: string, text: string][] {
  const [schema] = table.split('.');
  return [
    ['select', `select * from ${table} limit 1`],
    ['insert', `insert into ${table} default values`],
    ['update', `update ${table} set ctid = ctid`],
    ['delete', `delete from ${table}`],
    ['truncate', `truncate ${table}`],
    ['copy', `copy ${table} to stdout`],
    ['lock', `do 'begin lock table ${table} in access share mode; end'`],
    ['alter', `alter table ${table} add column extra int`],
    ['drop', `drop table ${table}`],
    ['index', `create index on ${table} ((1))`],
    [
      'trigger',
      `create trigger t before insert on ${table} execute function pg_catalog.suppress_redundant_updates_trigger()`,
    ],
    ['grant', `grant select on ${table} to public`],
    ['references', `create table pg_temp.t (id int references ${table})`],
    ['create table', `create table ${schema}.smuggled (id int)`],
    ['create view', `create view ${schema}.smuggled as select 1`],
    [
      'create function',
      `create function ${schema}.smuggled() returns int language sql as 'select 1'`,
    ],
    ['drop schema', `drop schema ${schema} cascade`],
  ];
}

async function expectRefused(sql: Sql, [kind, text]: [string, string]): Promise<void> {
  expect(await stateOf(sql.unsafe(text)), `${kind}: ${text}`).toBe(INSUFFICIENT_PRIVILEGE);
}

const OUTSIDERS = [
  ['oa_control', 'control', 'runtime'],
  ['oa_runtime', 'runtime', 'control'],
  ['oa_khala', 'khala', 'control'],
] as const;

describe.each(OUTSIDERS)('%s', (_role, login, plane) => {
  test(`is refused every kind of statement on plane ${plane}, on each table`, async () => {
    const tables = await database.owner<{ name: string }[]>`
      select format('%I.%I', schemaname, tablename) as name from pg_tables
      where schemaname = any (${[...PLANE[plane].schemas]}::text[]) and tablename !~ '_(default|[0-9]{8})$'`;
    expect(tables.map((table) => table.name)).toContain(`${plane}.added_later`);
    for (const { name } of tables) {
      for (const statement of statements(name)) await expectRefused(database[login], statement);
    }
  });

  test(`calls no function of plane ${plane}`, async () => {
    const functions = await database.owner<{ name: string }[]>`
      select p.oid::regprocedure::text as name from pg_proc p
      join pg_namespace n on n.oid = p.pronamespace
      where n.nspname = ${plane} and has_function_privilege(${_role}, p.oid, 'execute')
        and has_schema_privilege(${_role}, n.oid, 'usage')`;
    expect(functions).toEqual([]);
  });
});

describe('a service role in its own plane', () => {
  test.each([
    ['runtime', 'runtime.added_later'],
    ['control', 'control.added_later'],
  ] as const)('%s uses tables that come later, but owns nothing', async (login, table) => {
    const sql = database[login];
    await sql.unsafe(`insert into ${table} values (1)`);
    await sql.unsafe(`update ${table} set id = 2`);
    await sql.unsafe(`delete from ${table}`);
    for (const text of [
      `truncate ${table}`,
      `drop table ${table}`,
      `alter table ${table} add column extra int`,
      `create table ${login}.smuggled (id int)`,
      'create schema smuggled',
      `create role smuggled`,
    ]) {
      expect(await stateOf(sql.unsafe(text)), text).toBe(INSUFFICIENT_PRIVILEGE);
    }
  });

  test('no login role owns anything or is more than a login', async () => {
    const roles = await database.owner`
      select rolname from pg_roles
      where rolname in ('oa_control', 'oa_runtime', 'oa_khala')
        and (rolsuper or rolcreaterole or rolcreatedb or rolbypassrls or rolreplication)`;
    const owned = await database.owner`
      select c.relname from pg_class c join pg_roles r on r.oid = c.relowner
      where r.rolname in ('oa_control', 'oa_runtime', 'oa_khala')`;
    expect([...roles, ...owned]).toEqual([]);
  });
});

describe('Khala', () => {
  test('reads the journal and writes its audit, and nothing else', async () => {
    const readable = [
      'sync_topics',
      'sync_events',
      'sync_snapshots',
      'sync_revocations',
      'sync_heads',
      'sync_feed',
    ];
    const tables = await database.owner<{ name: string }[]>`
      select c.relname as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
      where n.nspname = 'runtime' and c.relkind in ('r', 'p', 'v') and not c.relispartition`;
    for (const { name } of tables) {
      const select = await stateOf(database.khala.unsafe(`select * from runtime.${name} limit 1`));
      expect([name, select]).toEqual([
        name,
        readable.includes(name) ? 'allowed' : INSUFFICIENT_PRIVILEGE,
      ]);
      for (const verb of ['insert into', 'delete from', 'truncate']) {
        const text = `${verb} runtime.${name}${verb === 'insert into' ? ' default values' : ''}`;
        expect(await stateOf(database.khala.unsafe(text)), text).not.toBe('allowed');
      }
    }
  });

  test('may add to its audit and never change it', async () => {
    const sql = database.khala;
    await sql`insert into khala.audit (node_id, decision, reason) values ('node', 'deny', 'not_granted')`;
    expect(await sql`select reason from khala.audit`).toMatchObject([{ reason: 'not_granted' }]);
    expect(await stateOf(sql`update khala.audit set reason = ''`)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await stateOf(sql`delete from khala.audit`)).toBe(INSUFFICIENT_PRIVILEGE);
    expect(await stateOf(database.runtime`select * from khala.audit`)).toBe(INSUFFICIENT_PRIVILEGE);
  });

  test('may not create partitions', async () => {
    const attempt = database.khala`select runtime.ensure_sync_partitions(1)`;
    expect(await stateOf(attempt)).toBe(INSUFFICIENT_PRIVILEGE);
  });
});

describe('append-only', () => {
  const INTEGRITY_CONSTRAINT_VIOLATION = '23000';
  const TABLES = ['run_events', 'worker_events', 'receipts', 'command_receipts'];

  test.each(TABLES)(
    'runtime.%s is not changed by its service, for want of the right',
    async (table) => {
      for (const text of [`delete from runtime.${table}`, `truncate runtime.${table}`]) {
        expect(await stateOf(database.runtime.unsafe(text)), text).toBe(INSUFFICIENT_PRIVILEGE);
      }
    },
  );

  test('nor by a superuser, because a trigger refuses', async () => {
    await database.owner`
      insert into runtime.command_receipts (audit_id, request_id, principal, route, fingerprint, positions)
      values ('audit', 'req', 'user', 'route', 'f', '[]')`;
    for (const text of [
      `update runtime.command_receipts set route = 'other'`,
      'delete from runtime.command_receipts',
      'truncate runtime.command_receipts',
      'truncate runtime.run_events',
      'truncate runtime.receipts',
      'truncate khala.audit',
    ]) {
      expect(await stateOf(database.owner.unsafe(text)), text).toBe(INTEGRITY_CONSTRAINT_VIOLATION);
    }
  });
});
