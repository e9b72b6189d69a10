import { execFile } from 'node:child_process';
import { cp, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Layout } from '../dev/layout.ts';

const run = promisify(execFile);

/** Lays out the sample anew as a git repository with one commit, and says where. */
export async function makeSampleRepository(layout: Layout): Promise<string> {
  const directory = join(layout.data, 'demo', 'basket');
  await rm(directory, { recursive: true, force: true });
  await mkdir(directory, { recursive: true });
  await cp(join(import.meta.dirname, 'sample'), directory, { recursive: true });
  const git = (...args: string[]) =>
    run('git', ['-c', 'user.name=demo', '-c', 'user.email=demo@localhost', ...args], {
      cwd: directory,
    });
  await git('init', '--quiet', '--initial-branch', 'main');
  await git('add', '--all');
  await git('commit', '--quiet', '--message', 'Add a basket whose total ignores quantities');
  return directory;
}
