import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BOUNDARIES, boundariesOfStep, STEPS_OF_OTHER_RUNS } from '../chaos/boundaries.ts';
import { testExists, testsOf } from './named-tests.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'faults.md'), 'utf8');

/** `| boundary | what is killed | what must hold | test |` */
const rows = [...text.matchAll(/^\| ([^|]+) \| ([^|]+) \| ([^|]+) \| (`[^|]+) \|$/gm)].map(
  ([, boundary = '', , , tests = '']) => ({ boundary, tests: testsOf(tests) }),
);

test('every fault names tests that exist', () => {
  expect(rows.length).toBeGreaterThan(0);
  const missing = rows.flatMap(({ boundary, tests }) =>
    tests.filter((named) => !testExists(ROOT, named)).map((named) => [boundary, named]),
  );
  expect(missing).toEqual([]);
});

test('every boundary at which a process is killed stands in the table, and no other', () => {
  const named = rows.flatMap(({ boundary }) =>
    [...boundary.matchAll(/`([a-z]+\.[\w.-]+)`/g)].map(([, name]) => name),
  );
  const all = [
    ...BOUNDARIES,
    ...Object.values(STEPS_OF_OTHER_RUNS).flat().flatMap(boundariesOfStep),
  ].map(({ victim, point }) => `${victim}.${point}`);
  expect(named.sort()).toEqual(all.sort());
});
