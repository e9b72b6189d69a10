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

async function withoutRoom(program: string, ...args: string[]): Promise<unknown> {
  const path = join(import.meta.dirname, 'testing', program);
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
    ...[process.execPath, path, HOME, ...args],
  ]);
  return JSON.parse(stdout);
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
  // Printed by the program as this type.
  const report = (await withoutRoom('full-disk.ts', home.path, scene)) as Report;
  expect(report).toMatchObject({ ...FULL, ...more });
  if (report.workspace) expect(report.events).toContain('tool.call');
});

test.skipIf(!sandbox.bubblewrap)(
  'a request that cannot be journaled is not known, one that cannot be moved stays as it was, and both go on with room',
  async () => {
    expect(await withoutRoom('full-disk-journal.ts')).toEqual({
      refused: { accept: true, started: true },
      whileFull: { open: [['req_1', 'accepted']], files: 1 },
      open: [
        ['req_1', 'started'],
        ['req_2', 'accepted'],
      ],
      nextLife: 2,
    });
  },
);
