import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..');
const document = readFileSync(join(ROOT, 'docs', 'bench.md'), 'utf8');

test('the sections are those of the suites', () => {
  const sections = ['spine.ts', 'runs.ts', 'khala.ts'].flatMap((suite) => {
    const source = readFileSync(join(ROOT, 'ops', 'bench', suite), 'utf8');
    return [...source.matchAll(/\bsection\('([a-z]+)'/g)].map(([, name]) => name);
  });
  const documented = [...document.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name);
  expect(sections.length).toBeGreaterThan(0);
  expect(documented).toEqual(sections);
});

test('the form that is shown is the one that is printed', () => {
  const [, shown = ''] = /```json\n([\s\S]*?)```/.exec(document) ?? [];
  const example = JSON.parse(shown);
  const source = readFileSync(join(ROOT, 'ops', 'bench', 'measure.ts'), 'utf8');
  const fieldsOf = (name: string) =>
    [
      ...(source.split(`export interface ${name} {`)[1]?.split('\n}')[0] ?? '').matchAll(
        /^ {2}(\w+):/gm,
      ),
    ].map(([, field]) => field);
  expect(Object.keys(example)).toEqual(fieldsOf('BenchResult'));
  expect(Object.keys(example.measures[0])).toEqual(fieldsOf('Measure'));
});
