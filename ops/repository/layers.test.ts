import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { faultOf, type Import, importCircle, importsOf, sourceFiles } from './layers.ts';

const ROOT = join(import.meta.dirname, '..', '..');

test('every import follows the layers', () => {
  const faults = sourceFiles(ROOT)
    .flatMap((file) => importsOf(ROOT, file))
    .flatMap((found) => {
      const fault = faultOf(found);
      return fault ? [`${found.file}:${found.line} '${found.specifier}': ${fault}`] : [];
    });
  expect(faults).toEqual([]);
});

test('no file imports itself by a detour', () => {
  expect(importCircle(ROOT, sourceFiles(ROOT))).toBeUndefined();
});

describe('an import against the layers is named', () => {
  const attempt = (file: string, specifier: string): Import => ({
    file,
    line: 1,
    specifier,
    typeOnly: false,
    target: specifier.startsWith('#') ? specifier.slice(1) : undefined,
  });
  test.each([
    ['proto/topics.ts', '#db/connect.ts', 'proto/ may not import db/'],
    ['workflows/run/run.ts', '#activities/index.ts', 'workflows/ may not import activities/'],
    ['workflows/run/run.ts', 'node:crypto', 'workflow code imports no node:* module'],
    ['workflows/run/run.ts', '#proto/gen/types.ts', 'workflow code imports no generated code'],
    [
      'activities/run/finish.ts',
      '#services/shared/config.ts',
      'activities/ may not import services/',
    ],
    ['clients/cli/main.ts', '#db/connect.ts', 'clients/ may not import db/'],
    ['clients/cli/main.ts', '#workflows/run/policy.ts', 'clients import only the pure reducers'],
    ['services/khala/app.ts', '#ops/dev/keys.ts', 'nobody imports ops/'],
  ])('%s → %s', (file, specifier, fault) => {
    expect(faultOf(attempt(file, specifier))).toContain(fault);
  });

  test('and one along the layers is not', () => {
    expect(faultOf(attempt('services/khala/app.ts', '#proto/topics.ts'))).toBeUndefined();
    expect(faultOf(attempt('clients/cli/replay.ts', '#workflows/run/state.ts'))).toBeUndefined();
  });
});
