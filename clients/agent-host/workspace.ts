/**
 * The place where an agent works on one run: a clone of its own below the host's data directory.
 *
 * 1. The user's checkout is only read. Nothing in it changes, not even its index, its refs or its list of work trees.
 * 2. Work starts from a committed commit; what is uncommitted in the checkout is not part of it.
 * 3. The agent owns the clone's `.git` and may write anything there. What the host runs afterwards reads only
 *    `repo.git`, a bare clone outside the agent's reach, so that no configuration or hook written by the agent runs
 *    as the host.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, realpath, rm, stat } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { isMissing, PRIVATE_DIRECTORY_MODE } from '../api/atomic-file.ts';
import { removeTree } from './closed-tree.ts';
import { isDiskFull } from './disk-full.ts';
import { type Git, GitError, type GitOptions, LISTING_TIMEOUT_MS } from './git.ts';
import { copyIndex, TURN_INDEX } from './turn-index.ts';

export class WorkspaceError extends Error {
  readonly code:
    | 'repo_not_allowed'
    | 'repo_unusable'
    | 'ref_not_found'
    | 'patch_too_large'
    | 'work_tree_gone';
  constructor(code: WorkspaceError['code'], message: string) {
    super(message);
    this.name = 'WorkspaceError';
    this.code = code;
  }
}

export interface RepoRequest {
  /** A path on this machine below the host's root, or a git URL. */
  source: string;
  ref: string;
  base_commit: string;
}

export interface Workspace {
  /** The agent's work tree. */
  workTree: string;
  /** Everything of the run: work tree, bare clone, feedback, output. */
  directory: string;
  /** The bare clone that the host trusts. */
  gitDirectory: string;
  /** Empty where the task has no repository. */
  baseCommit: string;
  baseTree: string;
  /** The user's checkout, where the source was a path. */
  sourcePath: string | undefined;
  /** Object stores outside `directory` that the clone borrows from; a sandbox must leave them readable. */
  borrowedObjects: string[];
}

export interface StoredFile {
  path: string;
  sha256: string;
  bytes: number;
}

export interface WorkspaceDeps {
  git: Git;
  /** Requests may only name repositories below this directory. */
  root: string;
  /** `runs/` of the host's data directory. */
  runsDirectory: string;
}

export const CLONE_TIMEOUT_MS = 15 * 60_000;
const URL_SOURCE = /^(?:https?|ssh|git):\/\/|^[\w.-]+@[\w.-]+:(?!\/\/)/;

/**
 * Makes the run's workspace, or finds the one an earlier turn left; `fresh` tells which. It stays fresh until
 * `keepWorkspace`, so that a host which is killed in between begins anew.
 */
export async function openWorkspace(
  deps: WorkspaceDeps,
  runId: string,
  repo: RepoRequest | undefined,
  signal?: AbortSignal,
): Promise<Workspace & { fresh: boolean }> {
  const directory = join(deps.runsDirectory, runId);
  const gitDirectory = join(directory, 'repo.git');
  const workTree = join(directory, 'work');
  await mkdir(directory, { recursive: true, mode: PRIVATE_DIRECTORY_MODE });
  const fresh = !(await exists(join(directory, 'ready')));
  if (repo === undefined) return openEmpty(fresh, directory, gitDirectory, workTree);

  const sourcePath = await localSource(deps, repo.source);
  if (fresh) {
    await removeTree(workTree);
    await rm(gitDirectory, { recursive: true, force: true });
    await rm(join(directory, TURN_INDEX), { force: true });
    await clone(deps.git, directory, gitDirectory, workTree, sourcePath ?? repo.source, signal);
    const commit = await resolveBase(deps.git, gitDirectory, repo);
    await checkOut(deps.git, directory, gitDirectory, workTree, commit);
  }

  const inBare: GitOptions = { cwd: gitDirectory };
  const baseCommit = await deps.git.text(
    ['rev-parse', '--verify', 'refs/oa/base^{commit}'],
    inBare,
  );
  const baseTree = await deps.git.text(['rev-parse', '--verify', 'refs/oa/base^{tree}'], inBare);
  return {
    fresh,
    workTree,
    directory,
    gitDirectory,
    baseCommit,
    baseTree,
    sourcePath,
    borrowedObjects: sourcePath === undefined ? [] : await borrowedObjects(deps.git, sourcePath),
  };
}

export async function describeFile(path: string): Promise<StoredFile> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of createReadStream(path)) {
    const part = chunk as Buffer;
    bytes += part.length;
    hash.update(part);
  }
  return { path, sha256: `sha256:${hash.digest('hex')}`, bytes };
}

/** True where `path` is `root` or lies below it. Both are real paths. */
export function isBelow(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!way.startsWith('..') && !isAbsolute(way));
}

/** From now on later turns go on from what stands here. */
export async function keepWorkspace(workspace: Workspace): Promise<void> {
  await mkdir(join(workspace.directory, 'ready'), { recursive: true });
}

/** Removes what was made of a workspace that nobody has worked in yet. */
export async function removeUnready(runsDirectory: string, runId: string): Promise<void> {
  const directory = join(runsDirectory, runId);
  if (await exists(join(directory, 'ready'))) return;
  for (const name of ['work', 'repo.git', TURN_INDEX]) await removeTree(join(directory, name));
}

/** A task without a repository works in an empty directory; git comes into it with the first file. */
async function openEmpty(
  fresh: boolean,
  directory: string,
  gitDirectory: string,
  workTree: string,
) {
  if (fresh) {
    await removeTree(workTree);
    await rm(gitDirectory, { recursive: true, force: true });
  }
  await mkdir(workTree, { recursive: true });
  return {
    fresh,
    workTree,
    directory,
    gitDirectory,
    baseCommit: '',
    baseTree: '',
    sourcePath: undefined,
    borrowedObjects: [],
  };
}

async function localSource(deps: WorkspaceDeps, source: string): Promise<string | undefined> {
  if (URL_SOURCE.test(source)) return undefined;
  const root = await realpath(deps.root);
  const path = await realpath(isAbsolute(source) ? source : join(root, source)).catch(() => {
    throw new WorkspaceError('repo_unusable', `${source} does not exist on this worker`);
  });
  if (!isBelow(root, path)) {
    throw new WorkspaceError(
      'repo_not_allowed',
      `${source} is not below ${root}, the directory this worker was started with`,
    );
  }
  try {
    const top = await deps.git.text(['rev-parse', '--show-toplevel'], {
      cwd: path,
      userConfig: true,
    });
    if ((await realpath(top)) === path) return path;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
  throw new WorkspaceError('repo_unusable', `${source} is not the top of a git work tree`);
}

async function clone(
  git: Git,
  directory: string,
  gitDirectory: string,
  workTree: string,
  source: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = { timeoutMs: CLONE_TIMEOUT_MS, ...(signal ? { signal } : {}) };
  try {
    await git.bytes(['clone', '--quiet', '--bare', '--shared', '--', source, gitDirectory], {
      cwd: directory,
      userConfig: true,
      ...options,
    });
    await git.bytes(['remote', 'remove', 'origin'], { cwd: gitDirectory }).catch(() => undefined);
    await git.bytes(
      ['clone', '--quiet', '--shared', '--no-checkout', '--', gitDirectory, workTree],
      { cwd: directory, ...options },
    );
    await git.bytes(['remote', 'remove', 'origin'], { cwd: workTree });
  } catch (error) {
    if (!(error instanceof GitError) || isDiskFull(error)) throw error;
    throw new WorkspaceError('repo_unusable', `cannot clone ${source}: ${error.stderr.trim()}`);
  }
}

async function resolveBase(git: Git, gitDirectory: string, repo: RepoRequest | undefined) {
  const named = repo?.base_commit || repo?.ref || 'HEAD';
  try {
    return await git.text(
      ['rev-parse', '--verify', '--quiet', '--end-of-options', `${named}^{commit}`],
      { cwd: gitDirectory },
    );
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    throw new WorkspaceError('ref_not_found', `${named} names no commit of ${repo?.source}`);
  }
}

async function checkOut(
  git: Git,
  directory: string,
  gitDirectory: string,
  workTree: string,
  commit: string,
): Promise<void> {
  await git.bytes(['update-ref', 'refs/oa/base', commit], { cwd: gitDirectory });
  await git.bytes(['checkout', '--quiet', '--detach', commit], {
    cwd: workTree,
    timeoutMs: LISTING_TIMEOUT_MS,
  });
  // Nothing of the agent has run yet: what git knows of these files is true, and spares reading them again.
  await copyIndex(join(workTree, '.git', 'index'), join(directory, TURN_INDEX));
  await mkdir(join(directory, 'turns'), { recursive: true });
}

async function borrowedObjects(git: Git, source: string): Promise<string[]> {
  const directory = await git.text(
    ['rev-parse', '--path-format=absolute', '--git-path', 'objects'],
    {
      cwd: source,
      userConfig: true,
    },
  );
  return [directory];
}

export async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
