import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sourceFiles } from '#ops/repository/layers.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const text = readFileSync(join(ROOT, 'docs', 'versioning.md'), 'utf8');

const PATCH = /\b(?:patched|deprecatePatch)\('([^']+)'\)/g;

function patchesOf(source: string): string[] {
  return [...source.matchAll(PATCH)].map(([, id = '']) => id);
}

test('a patch in the code is found', () => {
  expect(patchesOf("if (patched('ask-twice')) { deprecatePatch('ask-once'); }")).toEqual([
    'ask-twice',
    'ask-once',
  ]);
});

test('the patches in force are those of the code, each with the condition for its removal', () => {
  const [, table = ''] = text.split('## Patches in force');
  const rows = [...table.matchAll(/^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \|$/gm)];
  const inForce = sourceFiles(ROOT)
    .filter((file) => file.startsWith('workflows/') && !/\.test\.ts$|\/testing\//.test(file))
    .flatMap((file) => patchesOf(readFileSync(join(ROOT, file), 'utf8')));
  expect(rows.map(([, id]) => id).sort()).toEqual([...new Set(inForce)].sort());
  for (const [, , since = '', condition = ''] of rows) {
    expect([since.trim(), condition.trim()]).not.toContain('');
  }
  if (inForce.length === 0) expect(table).toContain('| none |');
});

test('the versions of the start input are those of the code', () => {
  const source = readFileSync(join(ROOT, 'workflows', 'run', 'start.ts'), 'utf8');
  const [, newest] = /RUN_INPUT_VERSION = (\d+)/.exec(source) ?? [];
  const [, table = ''] = text.split('## Versions of the start input');
  const rows = [...table.matchAll(/^\| (\d+) \| [^|]+ \| [^|]+ \|$/gm)].map(([, id]) => id);
  expect(rows.at(-1)).toBe(newest);
});
