import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { gapOf, SCENARIOS } from '../surfaces/scenarios.ts';
import { SURFACES } from '../surfaces/surface.ts';

const text = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'surfaces.md'), 'utf8');

test('the table of surfaces is the one that is run', () => {
  const rows = [
    ...text.matchAll(/^\| ([a-z ]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$/gm),
  ]
    .map((row) => row.slice(1, 7))
    .filter(([name]) => name !== 'scenario');
  const expected = SCENARIOS.map((scenario) => [
    scenario.name,
    scenario.expectation,
    ...SURFACES.map((surface) => gapOf(scenario, surface) ?? 'yes'),
  ]);
  expect(rows).toEqual(expected);
});
