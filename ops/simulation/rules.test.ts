import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { simulate, simulationOf } from './simulate.ts';
import { RULE_WORLDS, WORLDS } from './worlds.ts';

const LONG_MS = 600_000;

const simulation = simulationOf(process.env);

test(`no history of rules and projections breaks an invariant (seed ${simulation.seed})`, {
  timeout: LONG_MS,
}, async () => {
  expect(await simulate(simulation, RULE_WORLDS)).toBeGreaterThan(0);
});

test('every hundred histories are shared out among the worlds, as the document says', () => {
  expect(WORLDS.reduce((sum, { share }) => sum + share, 0)).toBe(100);
  const path = join(import.meta.dirname, '..', '..', 'docs', 'simulation.md');
  const rows = [...readFileSync(path, 'utf8').matchAll(/^\| `([a-z]+)` \| (\d+) \|/gm)];
  expect(rows.map(([, name, share]) => [name, Number(share)])).toEqual(
    WORLDS.map(({ name, share }) => [name, share]),
  );
});
