import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const INVARIANTS = 16;

interface Row {
  id: string;
  tests: { file: string; title: string }[];
}

/** `| INV-05 | rule | `db/x.pg.test.ts`: title; `y.test.ts`: title |`, or `not yet: why` where its subject does not exist. */
function rows(): Row[] {
  const text = readFileSync(join(ROOT, 'docs', 'invariants.md'), 'utf8');
  return [...text.matchAll(/^\| (INV-\d\d) \|[^|]+\| (.+) \|$/gm)].map(
    ([, id = '', cell = '']) => ({
      id,
      tests: [...cell.matchAll(/`([^`]+\.test\.ts)`: ([^;]+)/g)].map(
        ([, file = '', title = '']) => ({
          file,
          title: title.trim(),
        }),
      ),
    }),
  );
}

test('every invariant has its row', () => {
  const ids = Array.from({ length: INVARIANTS }, (_, n) => `INV-${String(n + 1).padStart(2, '0')}`);
  expect(rows().map((row) => row.id)).toEqual(ids);
});

test('every row names tests that exist, or says why there is none yet', () => {
  const text = readFileSync(join(ROOT, 'docs', 'invariants.md'), 'utf8');
  const bare = rows().filter(
    ({ id, tests }) => tests.length === 0 && !new RegExp(`^\\| ${id} .*not yet: `, 'm').test(text),
  );
  expect(bare).toEqual([]);
  const missing = rows().flatMap(({ id, tests }) =>
    tests
      .filter(({ file, title }) => !holds(join(ROOT, file), title))
      .map(({ file, title }) => `${id}: ${file}: ${title}`),
  );
  expect(missing).toEqual([]);
});

function holds(path: string, title: string): boolean {
  return existsSync(path) && readFileSync(path, 'utf8').includes(title);
}
