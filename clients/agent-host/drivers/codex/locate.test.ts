import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { scratch, script } from '../../testing/repository.ts';
import { locateCodex } from './locate.ts';
import { CODEX_VERSION, checkVersion, versionIn } from './version.ts';

const nextMinor = () => {
  const [major, minor] = CODEX_VERSION.split('.').map(Number);
  return `${major}.${(minor ?? 0) + 1}.0`;
};

function codexAt(path: string, version: string): string {
  return script(path, `echo "codex-cli ${version}"`);
}

describe('the Codex that is used', () => {
  test('is the one that a person named, and no other', async () => {
    using home = scratch();
    const setting = codexAt(join(home.path, 'mine'), CODEX_VERSION);
    codexAt(join(home.path, 'bin', 'codex'), CODEX_VERSION);
    const places = { cacheDirectory: home.path, searchPath: join(home.path, 'bin') };
    const { found } = await locateCodex({ ...places, setting });
    expect(found).toMatchObject({ path: setting, origin: 'setting', version: CODEX_VERSION });
    const missing = await locateCodex({ ...places, setting: join(home.path, 'nowhere') });
    expect(missing).toMatchObject({ found: undefined, reason: expect.stringContaining('nowhere') });
  });

  test('is found on the PATH where nothing is installed', async () => {
    using home = scratch();
    const path = codexAt(join(home.path, 'bin', 'codex'), CODEX_VERSION);
    const searchPath = `/nowhere:${join(home.path, 'bin')}`;
    const search = await locateCodex({ setting: undefined, cacheDirectory: home.path, searchPath });
    expect(search.found).toMatchObject({ path, origin: 'PATH' });
  });

  test('of another minor version is refused by name, with the command that gets the right one', async () => {
    using home = scratch();
    const setting = codexAt(join(home.path, 'codex'), nextMinor());
    const search = await locateCodex({ setting, cacheDirectory: home.path, searchPath: '' });
    expect(search).toMatchObject({
      found: undefined,
      reason: expect.stringMatching(`${nextMinor()}.*${CODEX_VERSION}.*npm run codex:install`),
    });
  });

  test('of another patch is taken, and that is said', async () => {
    using home = scratch();
    const patch = `${CODEX_VERSION.split('.', 2).join('.')}.99`;
    const setting = codexAt(join(home.path, 'codex'), patch);
    const { found } = await locateCodex({ setting, cacheDirectory: home.path, searchPath: '' });
    expect(found).toMatchObject({ version: patch, warning: expect.stringContaining(patch) });
  });

  test('is not another program of that name, nor one that does not start', async () => {
    using home = scratch();
    for (const body of ['echo "codex 3"', 'exit 1']) {
      const setting = script(join(home.path, 'codex'), body);
      const search = await locateCodex({ setting, cacheDirectory: home.path, searchPath: '' });
      expect(search.found).toBeUndefined();
    }
  });

  test('nowhere is not installed', async () => {
    using home = scratch();
    const places = { setting: undefined, cacheDirectory: home.path, searchPath: '' };
    expect(await locateCodex(places)).toEqual({
      found: undefined,
      reason: 'Codex is not installed: npm run codex:install',
    });
  });
});

test('a version is read from what the binary prints, with its suffix', () => {
  expect(versionIn('WARNING: something\ncodex-cli 0.171.0\n')).toBe('0.171.0');
  expect(versionIn('codex-cli 0.172.0-alpha.3\n')).toBe('0.172.0-alpha.3');
  expect(versionIn('codex 1')).toBeUndefined();
  expect(checkVersion(undefined, '/bin/codex').kind).toBe('refused');
});
