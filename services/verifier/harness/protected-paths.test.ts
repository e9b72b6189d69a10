import { describe, expect, it } from 'vitest';
import { pathspecs, restoreManifest } from './protected-paths.ts';

describe('a manifest', () => {
  const base = JSON.stringify({ name: 'x', scripts: { test: 'jest' }, jest: { bail: true } });

  it('keeps what the patch does to dependencies', () => {
    expect(
      restoreManifest(
        'package.json',
        base,
        JSON.stringify({ ...JSON.parse(base), dependencies: { y: '1' } }),
      ),
    ).toBeNull();
  });

  it('gets its judging keys back, those the patch deleted too, and loses those it added', () => {
    const patched = JSON.stringify({
      name: 'x',
      scripts: { test: 'true' },
      mocha: {},
      dependencies: { y: '1' },
    });
    const restored = restoreManifest('a/package.json', base, patched);
    expect(restored?.keys).toEqual([
      'a/package.json#scripts',
      'a/package.json#jest',
      'a/package.json#mocha',
    ]);
    expect(JSON.parse(restored?.text ?? '')).toEqual({
      name: 'x',
      scripts: { test: 'jest' },
      jest: { bail: true },
      dependencies: { y: '1' },
    });
  });

  it.each(['{', '[]', 'null', ''])('is put back whole when the patch makes it %j', (patched) => {
    expect(restoreManifest('package.json', base, patched)).toEqual({
      text: base,
      keys: ['package.json'],
    });
  });
});

it('turns globs into what git takes for globs, whatever they begin with', () => {
  expect(pathspecs(['**/*.test.*', ':(exclude)x'])).toEqual([
    ':(glob)**/*.test.*',
    ':(glob):(exclude)x',
  ]);
});
