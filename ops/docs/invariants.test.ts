import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { declares, type NamedTest, testExists, testsOf } from './named-tests.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const INVARIANTS = 16;

interface Row {
  id: string;
  tests: NamedTest[];
  notYet: boolean;
}

/** `| INV-05 | rule | `db/x.pg.test.ts`: title; `y.test.ts`: title |`, or `not yet: why` where its subject does not exist. */
function rowsOf(text: string): Row[] {
  return [...text.matchAll(/^\| (INV-\d\d) \|[^|]+\| (.+) \|$/gm)].map(
    ([, id = '', cell = '']) => ({
      id,
      tests: cell.startsWith('not yet: ') ? [] : testsOf(cell),
      notYet: cell.startsWith('not yet: '),
    }),
  );
}

const rows = rowsOf(readFileSync(join(ROOT, 'docs', 'invariants.md'), 'utf8'));

test('every invariant has its row', () => {
  const ids = Array.from({ length: INVARIANTS }, (_, n) => `INV-${String(n + 1).padStart(2, '0')}`);
  expect(rows.map((row) => row.id)).toEqual(ids);
});

test('every row names tests that exist, or says why there is none yet', () => {
  const missing = rows.flatMap(({ id, tests }) =>
    tests
      .filter((named) => !testExists(ROOT, named))
      .map(({ file, title }) => `${id}: ${file}: ${title}`),
  );
  expect(missing).toEqual([]);
  expect(rows.filter((row) => row.notYet).map((row) => row.id)).toEqual(['INV-10', 'INV-11']);
});

test('a mention of a title is no test', () => {
  const source =
    "test.each([\n  ['x'],\n])('a %s; held', f);\nit(\n  `once (and more)`, g);\n// 'never'\n";
  expect(declares(source, 'a %s; held')).toBe(true);
  expect(declares(source, 'once (and more)')).toBe(true);
  expect(declares(source, 'never')).toBe(false);
  expect(declares(source, 'held')).toBe(false);
  const [row] = rowsOf('| INV-01 | rule | `a.test.ts`: one; two; `b.test.ts`: three |');
  expect(row?.tests.map(({ title }) => title)).toEqual(['one; two', 'three']);
});
