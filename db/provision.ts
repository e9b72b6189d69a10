import type { Sql } from './connect.ts';
import { PLANE, type Plane, type ServiceRole } from './planes.ts';

export type Passwords = Partial<Record<ServiceRole, string>>;

/** Where migrations are recorded: one table per plane, named like it. */
export const MIGRATIONS_SCHEMA = 'migrations';

interface Capability {
  createsRoles: boolean;
  isSuperuser: boolean;
}

/**
 * Creates what a plane needs before its first migration: roles, schemas, passwords. Idempotent. A login that may not
 * create roles skips all of it, and finds what an administrator has prepared.
 */
export async function provision(sql: Sql, plane: Plane, passwords: Passwords): Promise<void> {
  const can = await capability(sql);
  if (!can.createsRoles) return;
  const { owner, service, readers, schemas } = PLANE[plane];
  for (const role of [owner, service, ...readers]) await createRole(sql, role);
  if (!can.isSuperuser) await sql`grant ${sql(owner)} to current_user`;
  await setPasswords(sql, [service, ...readers], passwords);
  for (const schema of schemas) {
    await sql`create schema if not exists ${sql(schema)} authorization ${sql(owner)}`;
  }
  await sql`create schema if not exists ${sql(MIGRATIONS_SCHEMA)}`;
  await sql`grant usage, create on schema ${sql(MIGRATIONS_SCHEMA)} to ${sql(owner)}`;
  for (const role of [service, ...readers]) {
    await sql`grant usage on schema ${sql(MIGRATIONS_SCHEMA)} to ${sql(role)}`;
  }
}

/** Run as the owner: tables that come later are the service's too, and no function is open to everyone. */
export async function setDefaultPrivileges(sql: Sql, plane: Plane): Promise<void> {
  const { service, schemas } = PLANE[plane];
  await sql`alter default privileges revoke execute on functions from public`;
  const [schema] = schemas;
  if (schema === undefined) return;
  const of = sql`alter default privileges in schema ${sql(schema)}`;
  await sql`${of} grant select, insert, update, delete on tables to ${sql(service)}`;
  await sql`${of} grant usage on sequences to ${sql(service)}`;
  await sql`${of} grant execute on functions to ${sql(service)}`;
  await sql`grant usage on schema ${sql(schema)} to ${sql(service)}`;
}

async function capability(sql: Sql): Promise<Capability> {
  const [row] = await sql<{ super: boolean; create_role: boolean }[]>`
    select rolsuper as super, rolcreaterole as create_role from pg_roles where rolname = current_user`;
  const isSuperuser = row?.super ?? false;
  return { isSuperuser, createsRoles: isSuperuser || (row?.create_role ?? false) };
}

/** Roles belong to the server, not to the database, so another database's migration may be creating the same one. */
async function createRole(sql: Sql, role: string): Promise<void> {
  await sql.unsafe(`do $$ begin
    if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
  exception when duplicate_object or unique_violation then null;
  end $$`);
}

async function setPasswords(sql: Sql, roles: ServiceRole[], passwords: Passwords): Promise<void> {
  for (const role of roles) {
    const password = passwords[role];
    if (password === undefined) continue;
    const [row] = await sql<{ statement: string }[]>`
      select format('alter role %I login password %L', ${role}::text, ${password}::text) as statement`;
    if (row !== undefined) await sql.unsafe(row.statement);
  }
}
