import { connect, type Sql } from './connect.ts';
import { type Migration, PLANE, type Plane, readMigrations } from './planes.ts';
import { MIGRATIONS_SCHEMA, type Passwords, provision, setDefaultPrivileges } from './provision.ts';

export interface MigrateOptions {
  /** Given: the service roles of the plane may log in with these. */
  passwords?: Passwords;
}

export interface MigrateResult {
  from: number;
  to: number;
  applied: string[];
}

/** The database and the build disagree about a migration that was already applied. Nothing was changed. */
export class MigrationDriftError extends Error {
  override readonly name = 'MigrationDriftError';
}

/** One lock per plane and database; the number is arbitrary and ours. */
const LOCK_SPACE = 0x6f61;
const LOCK_OF: Readonly<Record<Plane, number>> = { control: 1, runtime: 2 };

/**
 * Brings a plane's schema up to this build: one migration, one transaction, in the order of their numbers, as the
 * plane's owner. Two at once wait for each other. `adminUrl` logs in as a superuser, as a role that may create roles,
 * or, where an administrator has prepared roles and schemas, as a member of the owner role.
 * Throws MigrationDriftError where an applied migration is unknown here or was edited since.
 */
export async function migrate(
  plane: Plane,
  adminUrl: string,
  options: MigrateOptions = {},
): Promise<MigrateResult> {
  const migrations = await readMigrations(plane);
  const sql = connect({ url: adminUrl, max: 1, applicationName: `oa-migrate-${plane}` });
  try {
    await sql`set statement_timeout = 0`;
    await sql`select pg_advisory_lock(${LOCK_SPACE}, ${LOCK_OF[plane]})`;
    await provision(sql, plane, options.passwords ?? {});
    await sql`set role ${sql(PLANE[plane].owner)}`;
    await setDefaultPrivileges(sql, plane);
    return await apply(sql, plane, migrations);
  } finally {
    await sql.end();
  }
}

async function apply(sql: Sql, plane: Plane, migrations: Migration[]): Promise<MigrateResult> {
  const table = sql(`${MIGRATIONS_SCHEMA}.${plane}`);
  await sql`create table if not exists ${table} (
    version int primary key,
    name text not null,
    sha256 text not null,
    applied_at timestamptz(3) not null default clock_timestamp())`;
  for (const role of [PLANE[plane].service, ...PLANE[plane].readers]) {
    await sql`grant select on ${table} to ${sql(role)}`;
  }
  const done = await sql<{ version: number; name: string; sha256: string }[]>`
    select version, name, sha256 from ${table} order by version`;
  for (const row of done) assertUnchanged(plane, row, migrations[row.version - 1]);
  const pending = migrations.slice(done.length);
  for (const { version, name, sql: text, sha256 } of pending) {
    await sql.begin(async (tx) => {
      await tx.unsafe(text);
      await tx`insert into ${table} ${tx({ version, name, sha256 })}`;
    });
  }
  return {
    from: done.length,
    to: migrations.length,
    applied: pending.map((migration) => migration.name),
  };
}

function assertUnchanged(
  plane: Plane,
  row: { name: string; sha256: string },
  migration: Migration | undefined,
): void {
  if (migration === undefined) {
    throw new MigrationDriftError(`${plane}: ${row.name} was applied by a newer build`);
  }
  if (migration.name !== row.name || migration.sha256 !== row.sha256) {
    throw new MigrationDriftError(
      `${plane}: ${row.name} was applied in another form than ${migration.name} has here`,
    );
  }
}
