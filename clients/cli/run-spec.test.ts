import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import {
  commit,
  fingerprint,
  repository,
  run,
  scratch,
  script,
  write,
} from '../agent-host/testing/repository.ts';
import type { Config } from './config.ts';
import { type RunFlags, resolveRun, splitWords } from './run-spec.ts';

vi.setConfig({ testTimeout: 20_000 });

const config: Config = { control_url: 'http://x', configDirectory: '/', dataDirectory: '/' };

function resolve(cwd: string, flags: RunFlags, settings: Partial<Config> = {}) {
  return resolveRun('do it', flags, { ...config, ...settings }, { cwd, environment: process.env });
}

function app(home: string): string {
  return repository(join(home, 'app'), { 'a.txt': 'one\n', 'fix.sh': 'x' });
}

test('a path becomes the top of its work tree and the commit that the ref names now', async () => {
  using home = scratch();
  const source = app(home.path);
  mkdirSync(join(source, 'sub'));
  const { spec } = await resolve(home.path, {
    repo: 'app/sub',
    agent: 'true',
    verify: ['npm test'],
  });
  expect(spec.repo).toEqual({ source, ref: '', base_commit: run(source, ['rev-parse', 'HEAD']) });
  expect(spec.work_unit).toBe('verified_patch_bundle');
});

test('a ref is resolved where it was typed', async () => {
  using home = scratch();
  const source = app(home.path);
  const first = run(source, ['rev-parse', 'HEAD']);
  write(join(source, 'a.txt'), 'two\n');
  commit(source, 'second');
  const { spec } = await resolve(home.path, { repo: 'app', ref: 'HEAD~1', agent: 'true' });
  expect(spec.repo?.base_commit).toBe(first);
  await expect(
    resolve(home.path, { repo: 'app', ref: 'nope', agent: 'true' }),
  ).rejects.toMatchObject({ exitCode: 2 });
});

test('changes that are not committed stop the run, or are left out when that is wanted', async () => {
  using home = scratch();
  const source = app(home.path);
  write(join(source, 'a.txt'), 'changed\n');
  const before = fingerprint(source);
  const flags = { repo: 'app', agent: 'true' };
  await expect(resolve(home.path, flags)).rejects.toMatchObject({
    exitCode: 2,
    hint: expect.stringContaining('--allow-dirty'),
  });
  expect((await resolve(home.path, { ...flags, allowDirty: true })).notes[0]).toContain('left out');
  expect(fingerprint(source)).toEqual(before);
});

test.each([
  [
    'a script beside the caller, outside of the repository',
    './fix.sh',
    (home: string) => [join(home, 'fix.sh')],
  ],
  ['a script in the repository', './app/tool.sh', () => ['./tool.sh']],
  ['a script named from the top of the repository', './tool.sh', () => ['./tool.sh']],
  ['a command line', 'sed -i "s/a b/c/" a.txt', () => ['sed', '-i', 's/a b/c/', 'a.txt']],
  ['a script with arguments', './fix.sh --now', (home: string) => [join(home, 'fix.sh'), '--now']],
  ['shell syntax', 'echo x > a.txt && true', () => ['/bin/sh', '-c', 'echo x > a.txt && true']],
])('the agent may be %s', async (_, agent, expected) => {
  using home = scratch();
  const source = app(home.path);
  script(join(home.path, 'fix.sh'), 'true');
  script(join(source, 'tool.sh'), 'true');
  commit(source, 'tool');
  const { spec } = await resolve(home.path, { repo: 'app', agent });
  expect(spec.agent?.command).toEqual(expected(home.path));
});

test('what codex may do is what the flags say', async () => {
  const { spec } = await resolve('/', {
    agent: 'codex',
    approvalPolicy: 'untrusted',
    sandbox: 'read_only',
  });
  expect(spec.agent).toMatchObject({ approval_policy: 'untrusted', sandbox: 'read_only' });
});

test('codex is a driver of its own', async () => {
  const { spec } = await resolve('/', { agent: 'codex', model: 'm' });
  expect(spec.agent).toMatchObject({
    driver: 'codex',
    model: 'm',
    approval_policy: 'on_request',
    sandbox: 'workspace_write',
  });
});

test.each([
  ['no agent', {}, '--agent is needed'],
  ['a directory that is not there', { agent: 'true', repo: 'none' }, 'no such directory'],
  ['a directory that is no repository', { agent: 'true', repo: '.' }, 'not a git work tree'],
  [
    'a verification without a repository',
    { agent: 'true', verify: ['x'] },
    '--verify needs --repo',
  ],
  ['a script that is not there', { agent: './none.sh' }, 'no such file'],
  [
    'two sandboxes at once',
    { agent: 'codex', fullAccess: true, sandbox: 'read_only' as const },
    'exclude each other',
  ],
  [
    'a policy for an agent that never asks',
    { agent: 'true', approvalPolicy: 'never' as const },
    'codex',
  ],
  ['an open quote', { agent: 'echo "x' }, 'not closed'],
])('%s is refused with its flag', async (_, flags, message) => {
  using home = scratch();
  const refused = resolve(home.path, flags);
  await expect(refused).rejects.toThrow(message);
  await expect(refused).rejects.toMatchObject({ exitCode: 2 });
});

test('a script that cannot be executed is refused before anything starts', async () => {
  using home = scratch();
  write(join(home.path, 'fix.sh'), 'true');
  await expect(resolve(home.path, { agent: './fix.sh' })).rejects.toThrow('not executable');
});

test('settings fill what no flag says', async () => {
  using home = scratch();
  app(home.path);
  const settings = { agent: 'true', verify: ['make check'], attempts: 3, worker: 'worker_1' };
  const { spec } = await resolve(home.path, { repo: 'app', worker: 'worker_2' }, settings);
  expect(spec.verification).toMatchObject({
    attempts_max: 3,
    harness: { commands: ['make check'] },
  });
  expect(spec.worker).toEqual({ worker_id: 'worker_2' });
});

test('words are split as a shell splits them', () => {
  expect(splitWords(`a "b c" 'd "e"' f\\ g h"i"'j'`)).toEqual(['a', 'b c', 'd "e"', 'f g', 'hij']);
  expect(splitWords('  ')).toEqual([]);
});
