import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Sql } from './connect.ts';
import { type TestDatabase, testDatabase } from './testing/database.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await testDatabase(['runtime']);
  sql = database.runtime;
});
afterAll(() => database[Symbol.asyncDispose]());

const TEXTS = [
  '',
  'plain',
  'NULL',
  'null',
  'a,b',
  '{x}',
  '"quoted"',
  'back\\slash',
  ' spaced ',
  'line\nbreak',
  'ü🙂',
];

test('an array of text comes back as it was passed, whatever its elements hold', async () => {
  const [row] =
    await sql`select ${[...TEXTS, null]}::text[] as texts, cardinality(${TEXTS}::text[]) as count`;
  expect(row).toEqual({ texts: [...TEXTS, null], count: TEXTS.length });
});

test('so do arrays of integers, beyond 2^53 as bigint', async () => {
  const big = ['9223372036854775807', '-1', null];
  const [row] = await sql`select ${[1, -2, null]}::int4[] as int4s, ${big}::int8[] as int8s`;
  expect(row).toEqual({ int4s: [1, -2, null], int8s: [9223372036854775807n, -1n, null] });
});

test('and an empty array', async () => {
  const [row] = await sql`select ${[]}::text[] as texts, array[]::int8[] as int8s`;
  expect(row).toEqual({ texts: [], int8s: [] });
});
