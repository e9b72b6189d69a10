import { execFile } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, '..', '..', '..');

/** What is measured against: the tag, and its commit where a clone has no tags. */
const SPINE = ['spine', '425f3409872f'];

export interface SpineTree {
  root: string;
  [Symbol.asyncDispose](): Promise<void>;
}

/** A git work tree of the state tagged `spine`, beside this checkout and gone afterwards. */
export async function spineTree(): Promise<SpineTree> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-spine-'));
  // Started by root, Postgres runs as another user, who reads below it.
  await chmod(directory, 0o755);
  const root = join(directory, 'openagents');
  const git = (...args: string[]) => run('git', ['-C', ROOT, ...args]);
  await git('worktree', 'add', '--quiet', '--detach', root, await spineCommit());
  try {
    await installed(root);
  } catch (error) {
    await remove();
    throw error;
  }
  return { root, [Symbol.asyncDispose]: remove };

  async function remove(): Promise<void> {
    await git('worktree', 'remove', '--force', root);
    await rm(directory, { recursive: true, force: true });
  }
}

async function spineCommit(): Promise<string> {
  for (const name of SPINE) {
    const found = await run('git', ['-C', ROOT, 'rev-parse', '--quiet', '--verify', `${name}^{}`])
      .then(({ stdout }) => stdout.trim())
      .catch(() => undefined);
    if (found) return found;
  }
  throw new Error(`this clone has none of ${SPINE.join(', ')}: fetch its whole history`);
}

/** Links what is installed here where it is what the tree asks for; else installs. */
async function installed(root: string): Promise<void> {
  await symlink(join(ROOT, '.cache'), join(root, '.cache'));
  const [there, here] = await Promise.all([versions(root), versions(ROOT)]);
  if ([...there].every(([name, version]) => here.get(name) === version)) {
    await symlink(join(ROOT, 'node_modules'), join(root, 'node_modules'));
  } else {
    await run('npm', ['ci'], { cwd: root });
  }
}

/** Of every package in the lock file. */
async function versions(root: string): Promise<Map<string, string>> {
  const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, { version?: string }>;
  };
  const { '': _, ...packages } = lock.packages;
  return new Map(Object.entries(packages).map(([name, { version = '' }]) => [name, version]));
}
