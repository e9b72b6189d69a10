import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { is } from 'drizzle-orm';
import { getTableConfig, PgTable } from 'drizzle-orm/pg-core';
import { expect, test } from 'vitest';
import * as control from '#db/control/schema.ts';
import * as runtime from '#db/runtime/schema.ts';
import { constantIn } from './constants.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'growth.md'), 'utf8');

const rows = [
  ...text.matchAll(/^\| `((?:runtime|khala|control)\.[a-z_]+)` \| ([^|]+) \| ([^|]*)\|$/gm),
];

test('every table is said to be kept for a time', () => {
  const all = [...tablesOf(runtime), ...tablesOf(control)];
  expect(rows.map(([, name]) => name).toSorted()).toEqual(all.toSorted());
});

function tablesOf(schema: Record<string, unknown>): string[] {
  return Object.values(schema).flatMap((one) => {
    if (!is(one, PgTable)) return [];
    const config = getTableConfig(one);
    return `${config.schema}.${config.name}`;
  });
}

test('what is not kept for ever is removed by something', () => {
  for (const [, name = '', kept = '', by = ''] of rows) {
    if (/for ever|this build/.test(kept)) continue;
    expect(by.trim(), name).not.toBe('');
  }
});

const constants = [...text.matchAll(/`([A-Z_]+)` = ([\d,]+) in `([^`]+)`/g)].map(
  ([, name = '', value = '', path = '']) => ({ name, path, value }),
);

test.each(constants)('$name of $path', async ({ name, path, value }) => {
  expect(await constantIn(ROOT, path, name)).toBe(Number(value.replaceAll(',', '')));
});
