import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CODEX_VERSION } from '#clients/agent-host/drivers/codex/version.ts';
import { scratch, script, write } from '#clients/agent-host/testing/repository.ts';
import { codexFinding } from './codex-finding.ts';

describe('the doctor on Codex', () => {
  test('names how to get it where it is not installed', async () => {
    using home = scratch();
    expect(await codexFinding(home.path, { PATH: home.path, HOME: home.path })).toEqual({
      check: 'codex',
      state: 'degraded',
      detail: 'Codex is not installed: npm run codex:install',
      mend: 'npm run codex:install',
    });
  });

  test('names where it is, its version, and that there is no login', async () => {
    using home = scratch();
    const path = installed(home.path, CODEX_VERSION);
    expect(
      await codexFinding(home.path, { PATH: join(home.path, 'bin'), HOME: home.path }),
    ).toEqual({
      check: 'codex',
      state: 'degraded',
      detail: `${CODEX_VERSION} at ${path}, no login`,
      mend: '`codex login`, or set OPENAI_API_KEY for the worker',
    });
  });

  test.each([
    ['a login', {}, 'login in'],
    ['a key', { CODEX_HOME: '/nowhere', OPENAI_API_KEY: 'sk-of-a-test' }, 'key in OPENAI_API_KEY'],
    ['a server', { OA_CODEX_URL: 'http://127.0.0.1:1/v1' }, 'model at http://127.0.0.1:1/v1'],
  ])('is content with %s, and never says a key', async (_, env, said) => {
    using home = scratch();
    installed(home.path, CODEX_VERSION);
    write(join(home.path, '.codex', 'auth.json'), '{}');
    const path = { PATH: join(home.path, 'bin'), HOME: home.path };
    const finding = await codexFinding(home.path, { ...path, ...env });
    expect(finding).toMatchObject({ state: 'ok', detail: expect.stringContaining(said) });
    expect(JSON.stringify(finding)).not.toContain('sk-of-a-test');
  });

  test('says that another patch than the tested one may differ', async () => {
    using home = scratch();
    const [major, minor] = CODEX_VERSION.split('.');
    installed(home.path, `${major}.${minor}.999`);
    const env = { PATH: join(home.path, 'bin'), HOME: home.path, OPENAI_API_KEY: 'sk-of-a-test' };
    expect(await codexFinding(home.path, env)).toMatchObject({
      state: 'degraded',
      detail: expect.stringContaining('not the tested version'),
      mend: 'npm run codex:install',
    });
  });
});

/** A program that says of itself which Codex it is. */
function installed(home: string, version: string): string {
  return script(join(home, 'bin', 'codex'), `echo 'codex-cli ${version}'`);
}
