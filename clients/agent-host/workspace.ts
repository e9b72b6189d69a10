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
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { isAbsolute, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isMissing, PRIVATE_DIRECTORY_MODE } from '../api/atomic-file.ts';
import { type Git, GitError, type GitOptions } from './git.ts';

export class WorkspaceError extends Error {
  readonly code: 'repo_not_allowed' | 'repo_unusable' | 'ref_not_found' | 'patch_too_large';
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

/** One line per file of the base commit: room for a million of them. */
const OBJECT_LIST_BYTES_MAX = 128 * 1024 * 1024;
const SHA1_HEX_LENGTH = 40;
const CLONE_TIMEOUT_MS = 15 * 60_000;
/** The largest patch that is taken from an agent; a patch beyond this is not a reviewable change. */
export const PATCH_BYTES_MAX = 64 * 1024 * 1024;
const URL_SOURCE = /^(?:https?|ssh|git):\/\/|^[\w.-]+@[\w.-]+:(?!\/\/)/;

/** Makes the run's workspace, or finds the one an earlier turn left; `fresh` tells which. */
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
  const sourcePath = repo === undefined ? undefined : await localSource(deps, repo.source);

  const fresh = !(await exists(join(directory, 'ready')));
  if (fresh) {
    await rm(workTree, { recursive: true, force: true });
    await rm(gitDirectory, { recursive: true, force: true });
    if (repo === undefined) await createEmpty(deps.git, directory, gitDirectory, workTree);
    else
      await clone(deps.git, directory, gitDirectory, workTree, sourcePath ?? repo.source, signal);
    const commit = await resolveBase(deps.git, gitDirectory, repo);
    await checkOut(deps.git, directory, gitDirectory, workTree, commit);
    await mkdir(join(directory, 'ready'));
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

/** Git on the work tree as the host sees it: its own repository, its own index, nothing that the agent wrote (3). */
function trusted(workspace: Workspace, index: string): GitOptions {
  return {
    cwd: workspace.workTree,
    env: {
      GIT_DIR: workspace.gitDirectory,
      GIT_WORK_TREE: workspace.workTree,
      GIT_INDEX_FILE: join(workspace.directory, index),
    },
  };
}

/**
 * Remembers the work tree as the turn finds it, or, where an interrupted attempt of the same turn left it half changed,
 * makes it that again. Files that the repository ignores stay as they are.
 */
export async function beginTurn(git: Git, workspace: Workspace, turn: number): Promise<void> {
  const options = trusted(workspace, 'turn.index');
  const ref = `refs/oa/turns/${turn}`;
  await git.bytes(['read-tree', 'refs/oa/base'], options);
  await git.bytes(['add', '--all', '--', '.'], options);
  const known = await git.text(['for-each-ref', '--format=%(objectname)', ref], options);
  if (known !== '') await git.bytes(['read-tree', '--reset', '-u', known], options);
  else {
    const tree = await git.text(['write-tree'], options);
    await git.bytes(['update-ref', ref, tree], options);
  }
}

/** Puts a patch of an earlier turn, made on another machine, into a fresh work tree. */
export async function applyPatch(git: Git, workspace: Workspace, patch: Uint8Array): Promise<void> {
  const options = trusted(workspace, 'turn.index');
  const path = join(workspace.directory, 'previous.diff');
  await writeFile(path, patch);
  await git.bytes(['apply', '--whitespace=nowarn', path], options);
}

/** The difference between the base commit and the work tree as it is now, new files included, binary safe. */
export async function writePatch(git: Git, workspace: Workspace) {
  const path = join(workspace.directory, 'patch.diff');
  const options = trusted(workspace, 'patch.index');
  await git.bytes(['read-tree', 'refs/oa/base'], options);
  await git.bytes(['add', '--all', '--', '.'], options);
  const diff = ['diff', '--cached', '--no-ext-diff', '--no-textconv', '--no-renames'];
  const names = await git.bytes([...diff, '--name-only', '-z', 'refs/oa/base'], options);
  await git.bytes(
    [...diff, '--binary', '--full-index', '--no-color', `--output=${path}`, 'refs/oa/base'],
    options,
  );
  const filesChanged = names.toString('utf8').split('\0').filter(Boolean);
  const file = await describeFile(path);
  if (file.bytes > PATCH_BYTES_MAX) {
    throw new WorkspaceError(
      'patch_too_large',
      `the patch has ${file.bytes} bytes, more than the ${PATCH_BYTES_MAX} that are taken`,
    );
  }
  return { file, filesChanged };
}

/**
 * A git bundle of the base commit and what it contains, without the history before it: whoever verifies the patch needs
 * the tree alone, and a shallow source has no more. It is unpacked with `git bundle unbundle`.
 */
export async function writeBundle(git: Git, workspace: Workspace): Promise<StoredFile> {
  const path = join(workspace.directory, 'base.bundle');
  if (await exists(path)) return describeFile(path);
  const options: GitOptions = {
    cwd: workspace.gitDirectory,
    outputBytesMax: OBJECT_LIST_BYTES_MAX,
  };
  const objects = await git.text(['rev-list', '--objects', '--no-walk', 'refs/oa/base'], options);
  const packPrefix = join(workspace.directory, 'base');
  const packHash = await git.text(['pack-objects', '--quiet', packPrefix], {
    ...options,
    stdin: `${objects}\n`,
    timeoutMs: CLONE_TIMEOUT_MS,
  });
  const pack = `${packPrefix}-${packHash}.pack`;
  const partial = `${path}.partial`;
  await writeFile(partial, bundleHeader(workspace.baseCommit));
  await pipeline(createReadStream(pack), createWriteStream(partial, { flags: 'a' }));
  await rename(partial, path);
  await Promise.all([rm(pack), rm(`${packPrefix}-${packHash}.idx`, { force: true })]);
  return describeFile(path);
}

/** gitformat-bundle(5); only version 3 can name another object format than SHA-1. */
function bundleHeader(commit: string): string {
  const version = commit.length === SHA1_HEX_LENGTH ? 'v2' : 'v3';
  const format = version === 'v3' ? '@object-format=sha256\n' : '';
  return `# ${version} git bundle\n${format}${commit} refs/oa/base\n\n`;
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
    if (!(error instanceof GitError)) throw error;
    throw new WorkspaceError('repo_unusable', `cannot clone ${source}: ${error.stderr.trim()}`);
  }
}

/** A task without a repository works in an empty one, so that what it writes is a patch as well. */
async function createEmpty(git: Git, directory: string, gitDirectory: string, workTree: string) {
  await git.bytes(['init', '--quiet', '--bare', gitDirectory], { cwd: directory });
  const tree = await git.text(['mktree'], { cwd: gitDirectory });
  const identity = {
    GIT_AUTHOR_NAME: 'OpenAgents',
    GIT_AUTHOR_EMAIL: 'agent-host@localhost',
    GIT_AUTHOR_DATE: '1970-01-01T00:00:00Z',
    GIT_COMMITTER_NAME: 'OpenAgents',
    GIT_COMMITTER_EMAIL: 'agent-host@localhost',
    GIT_COMMITTER_DATE: '1970-01-01T00:00:00Z',
  };
  const commit = await git.text(['commit-tree', tree, '-m', 'Empty base'], {
    cwd: gitDirectory,
    env: identity,
  });
  await git.bytes(['update-ref', 'refs/heads/main', commit], { cwd: gitDirectory });
  await git.bytes(['symbolic-ref', 'HEAD', 'refs/heads/main'], { cwd: gitDirectory });
  await git.bytes(['clone', '--quiet', '--shared', '--no-checkout', '--', gitDirectory, workTree], {
    cwd: directory,
  });
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
  await git.bytes(['checkout', '--quiet', '--detach', commit], { cwd: workTree });
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

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}
