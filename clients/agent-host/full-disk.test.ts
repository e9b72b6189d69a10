import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test, vi } from 'vitest';
import { commit, repository, scratch, write } from './testing/repository.ts';
import { sandbox } from './testing/turns.ts';

vi.setConfig({ testTimeout: 60_000 });

const run = promisify(execFile);

/** The home of the host for these tests: a file system of this size, which only the process in it sees. */
const HOME_BYTES = 4 * 1024 * 1024;
const HOME = '/full';

interface Report {
  code: string;
  message: string;
  retryable: boolean | null;
  events: string[];
  workspace: boolean;
  left: string[];
}

async function turnWithoutRoom(root: string, scene: string): Promise<Report> {
  const program = join(import.meta.dirname, 'testing', 'full-disk.ts');
  const { stdout } = await run(sandbox.bubblewrap ?? 'bwrap', [
    ...[
      '--bind',
      '/',
      '/',
      '--dev',
      '/dev',
      '--proc',
      '/proc',
      '--unshare-pid',
      '--die-with-parent',
    ],
    ...['--size', String(HOME_BYTES), '--tmpfs', HOME, '--'],
    ...[process.execPath, program, HOME, root, scene],
  ]);
  return JSON.parse(stdout) as Report;
}

const FULL = {
  code: 'worker_unavailable',
  message: 'the disk of the worker is full',
  retryable: true,
};

test.skipIf(!sandbox.bubblewrap).each([
  ['the repository does not fit', 'clone', { workspace: false, events: [] }],
  ['the agent filled it', 'work tree', { workspace: true }],
  ['the patch does not fit', 'patch', { workspace: true }],
  ['the output does not fit', 'output', { workspace: true }],
])('where %s, the turn ends as retryable, elsewhere', async (_, scene, more) => {
  using home = scratch();
  repository(join(home.path, 'small'), { 'a.txt': 'one\n' });
  const large = repository(join(home.path, 'large'), { 'a.txt': 'one\n' });
  write(join(large, 'noise.bin'), randomBytes(2 * HOME_BYTES));
  commit(large, 'large');
  const report = await turnWithoutRoom(home.path, scene);
  expect(report).toMatchObject({ ...FULL, ...more });
  if (report.workspace) expect(report.events).toContain('tool.call');
});
