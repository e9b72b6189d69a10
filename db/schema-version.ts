import type { Sql } from './connect.ts';
import { type Plane, readMigrations } from './planes.ts';
import { MIGRATIONS_SCHEMA } from './provision.ts';

/** Migrations run before a deploy and only expand, so a running build meets schemas that are a little newer. */
const VERSIONS_AHEAD_MAX = 2;

/** The schema is outside the range that this build names; the process must not call itself ready. */
export class SchemaVersionError extends Error {
  override readonly name = 'SchemaVersionError';
  readonly plane: Plane;
  readonly found: number;

  constructor(plane: Plane, found: number, range: SchemaRange) {
    super(
      `schema ${plane} has version ${found}; this build needs ${range.min} to ${range.max}: run "npm run migrate"`,
    );
    this.plane = plane;
    this.found = found;
  }
}

export interface SchemaRange {
  min: number;
  max: number;
}

export async function schemaRange(plane: Plane): Promise<SchemaRange> {
  const known = (await readMigrations(plane)).length;
  return { min: known, max: known + VERSIONS_AHEAD_MAX };
}

/** Returns the plane's schema version. Throws SchemaVersionError outside the build's range. */
export async function assertSchemaVersion(sql: Sql, plane: Plane): Promise<number> {
  const range = await schemaRange(plane);
  const found = await schemaVersion(sql, plane);
  if (found < range.min || found > range.max) throw new SchemaVersionError(plane, found, range);
  return found;
}

async function schemaVersion(sql: Sql, plane: Plane): Promise<number> {
  const name = `${MIGRATIONS_SCHEMA}.${plane}`;
  const [table] = await sql<{ present: boolean }[]>`
    select to_regclass(${name}) is not null as present`;
  if (!table?.present) return 0;
  const [row] = await sql<{ version: number }[]>`
    select coalesce(max(version), 0) as version from ${sql(name)}`;
  return row?.version ?? 0;
}
