import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import { describe, expect, test } from 'vitest';
import { ALERTS } from './alerts.ts';
import { dashboardExpressions, dashboardFile } from './dashboard.ts';
import { promisesTable, rulesFile } from './rules.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const here = (name: string) => readFileSync(join(import.meta.dirname, name), 'utf8');

describe('generated files are what the registry says now', () => {
  test('rules of Prometheus', () => {
    expect(here('khala.rules.yml')).toBe(rulesFile());
  });

  test('dashboard of Grafana', () => {
    expect(here('khala.dashboard.json')).toBe(dashboardFile());
  });

  test('table of promises', () => {
    const text = readFileSync(join(ROOT, 'docs', 'observability.md'), 'utf8');
    expect(text).toContain(`\n${promisesTable()}\n`);
  });
});

test('a broken expression is noticed', () => {
  expect(faultsIn('sum (rate(openagents_khala_connects_total[10m])')).toBeGreaterThan(0);
});

test.each([...ALERTS.map(({ expression }) => expression), ...dashboardExpressions()])(
  '%s is PromQL',
  (expression) => {
    expect(faultsIn(expression)).toBe(0);
  },
);

test.each(ALERTS)('$name says what to do, and fires harder only for worse', (alert) => {
  const [file = '', anchor = ''] = alert.runbook.split('#');
  const path = join(ROOT, 'docs', 'runbooks', file);
  expect(existsSync(path)).toBe(true);
  const anchors = [...readFileSync(path, 'utf8').matchAll(/^## (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^a-z ]/g, '')
      .replaceAll(' ', '-'),
  );
  expect(anchors).toContain(anchor);
  const bounds = alert.levels.map(({ above }) => above);
  expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
});

test('an alert has one name', () => {
  const names = ALERTS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});

function faultsIn(expression: string): number {
  let faults = 0;
  parser.parse(expression).iterate({
    enter({ type }) {
      if (type.isError) faults += 1;
    },
  });
  return faults;
}
