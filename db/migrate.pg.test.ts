import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from './migrate.ts';
import { readMigrations } from './planes.ts';
import { assertSchemaVersion } from './schema-version.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
});
afterAll(() => database[Symbol.asyncDispose]());

test('a second migration of the same build applies nothing', async () => {
  const known = (await readMigrations('runtime')).length;
  expect(await migrate('runtime', database.ownerUrl)).toEqual({
    from: known,
    to: known,
    applied: [],
  });
});

test('a service role reads the version of its plane', async () => {
  const known = (await readMigrations('runtime')).length;
  expect(await assertSchemaVersion(database.runtime, 'runtime')).toBe(known);
  expect(await assertSchemaVersion(database.khala, 'runtime')).toBe(known);
});
