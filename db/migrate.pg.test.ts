import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { PLANES, readMigrations } from './planes.ts';
import { assertSchemaVersion, SchemaVersionError, schemaRange } from './schema-version.ts';
import { databaseUrl, type TestDatabase, testDatabase } from './testing/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test.each(PLANES)('a second migration of plane %s applies nothing', async (plane) => {
  const known = (await readMigrations(plane)).length;
  expect(await migrate(plane, database.ownerUrl)).toEqual({ from: known, to: known, applied: [] });
});

test('two migrations of an empty database at once apply each migration once', async () => {
  const name = `oa_test_race_${process.pid}`;
  await database.owner.unsafe(`create database ${name}`);
  const url = databaseUrl(database.ownerUrl, name);
  try {
    const results = await Promise.all([migrate('runtime', url), migrate('runtime', url)]);
    const applied = results.map((result) => result.applied.length).sort((a, b) => a - b);
    expect(applied).toEqual([0, (await readMigrations('runtime')).length]);
  } finally {
    await database.owner.unsafe(`drop database ${name} with (force)`);
  }
});

test.each(PLANES)('times of the migrations of plane %s rise with their numbers', async (plane) => {
  const rows = await database.owner<{ rising: boolean }[]>`
    select applied_at >= lag(applied_at, 1, '-infinity') over (order by version)
      and version = row_number() over (order by version) as rising
    from ${database.owner(`migrations.${plane}`)}`;
  expect(rows.length).toBeGreaterThan(0);
  expect(rows.every((row) => row.rising)).toBe(true);
});

test('a migration that was edited after it was applied is refused', async () => {
  await using other = await testDatabase(['runtime']);
  await other.owner`update migrations.runtime set sha256 = 'other' where version = 2`;
  await expect(migrate('runtime', other.ownerUrl)).rejects.toThrow(
    /0002_runs was applied in another form/,
  );
});

describe('readiness', () => {
  test('a service role reads the version of its plane', async () => {
    const known = (await readMigrations('runtime')).length;
    expect(await assertSchemaVersion(database.runtime, 'runtime')).toBe(known);
    expect(await assertSchemaVersion(database.khala, 'runtime')).toBe(known);
  });

  test('is refused below and above the range of the build, and given within it', async () => {
    await using other = await testDatabase(['runtime']);
    const { min, max } = await schemaRange('runtime');
    for (let version = min + 1; version <= max; version += 1) {
      await other.owner`
        insert into migrations.runtime (version, name, sha256) values (${version}, 'newer', '')`;
      expect(await assertSchemaVersion(other.runtime, 'runtime')).toBe(version);
    }
    await other.owner`
      insert into migrations.runtime (version, name, sha256) values (${max + 1}, 'newest', '')`;
    await expect(assertSchemaVersion(other.runtime, 'runtime')).rejects.toThrow(SchemaVersionError);
    await other.owner`delete from migrations.runtime where version >= ${min}`;
    await expect(assertSchemaVersion(other.runtime, 'runtime')).rejects.toThrow(/npm run migrate/);
  });
});
