import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from './connect.ts';
import * as control from './control/schema.ts';
import { describePlane, statementsOf } from './drift.ts';
import { PLANE, PLANES } from './planes.ts';
import * as runtime from './runtime/schema.ts';
import { databaseUrl, type TestDatabase, testDatabase } from './testing/database.ts';

const SCHEMAS = { control, runtime };

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database[Symbol.asyncDispose]());

test.each(PLANES)(
  'migrations and drizzle schema of plane %s make the same tables',
  async (plane) => {
    const name = `oa_test_drift_${plane}_${process.pid}`;
    await database.owner.unsafe(`create database ${name}`);
    const drawn = connect({
      url: databaseUrl(database.ownerUrl, name),
      max: 1,
      applicationName: 'oa-test-drift',
    });
    try {
      for (const schema of PLANE[plane].schemas) await drawn`create schema ${drawn(schema)}`;
      const statements = await statementsOf(SCHEMAS[plane]);
      expect(statements.length).toBeGreaterThan(0);
      for (const statement of statements) {
        if (!/^create schema/i.test(statement)) await drawn.unsafe(statement);
      }
      expect(await describePlane(drawn, plane)).toEqual(await describePlane(database.owner, plane));
    } finally {
      await drawn.end();
      await database.owner.unsafe(`drop database ${name} with (force)`);
    }
  },
);

test('a column that only one of them knows is seen', async () => {
  await using other = await testDatabase(['runtime']);
  const before = await describePlane(other.owner, 'runtime');
  await other.owner`alter table runtime.runs add column extra int`;
  const after = await describePlane(other.owner, 'runtime');
  expect(after.filter((line) => !before.includes(line))).toEqual([
    'runtime.runs column extra integer',
  ]);
});
