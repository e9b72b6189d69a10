/**
 * The agent's work tree, taken into an index of the host's own git.
 *
 * 1. Nothing that the agent wrote runs, and nothing outside the tree is read: links are taken as links.
 * 2. What a patch cannot carry is left out and named; the rest is taken.
 * 3. What it would take is known before any of it is read: a file of a terabyte costs nothing.
 */
import { lstat, rm } from 'node:fs/promises';
import { errorCode } from '../api/atomic-file.ts';
import {
  bytesOf,
  changes,
  list,
  OBJECT_LIST_BYTES_MAX,
  type Path,
  shown,
} from './changed-paths.ts';
import { type Git, type GitOptions, LISTING_TIMEOUT_MS } from './git.ts';
import { exists, type Workspace, WorkspaceError } from './workspace.ts';

const SUBMODULE_MODE = '160000 ';

export interface TakenUp {
  /** What is in the tree and cannot be in a patch, as a person reads it. */
  leftOut: string[];
}

/** Brings the index to the work tree as it is. A new index begins with the base commit. */
export async function takeUp(
  git: Git,
  workspace: Workspace,
  options: GitOptions,
): Promise<TakenUp> {
  const index = options.env?.['GIT_INDEX_FILE'] ?? '';
  // A host that was killed while git wrote it; nobody else writes this index.
  await rm(`${index}.lock`, { force: true });
  const patient = {
    ...options,
    timeoutMs: LISTING_TIMEOUT_MS,
    outputBytesMax: OBJECT_LIST_BYTES_MAX,
  };
  if (!(await exists(index))) await git.bytes(['read-tree', 'refs/oa/base'], patient);
  await leaveSubmodules(git, patient);
  const { taken, gone, special, repositories } = await changes(git, workspace, patient);
  await update(git, patient, ['--force-remove'], [...gone, ...special]);
  await update(git, patient, ['--add', '--remove', '--replace'], taken);
  return {
    leftOut: [
      ...special.map((path) => `${shown(path)} is no file, link or directory`),
      ...repositories.map((path) => `${shown(path)} is a git repository of its own`),
    ],
  };
}

/** @throws WorkspaceError where the agent removed or replaced it. */
export async function assertWorkTree({ workTree }: Workspace): Promise<void> {
  const found = await lstat(workTree).catch((error: unknown) => {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (found?.isDirectory()) return;
  throw new WorkspaceError(
    'work_tree_gone',
    'the work tree is no longer there: the agent removed it',
  );
}

/**
 * A submodule of the base stays as the base names it: to compare it, git would run `git status` inside, with the
 * configuration, and so the filters, that the agent wrote there (1).
 */
async function leaveSubmodules(git: Git, options: GitOptions): Promise<void> {
  const submodules = await submodulesOf(git, options);
  await update(git, options, ['--skip-worktree'], submodules);
}

/** Paths of the index that name a commit of another repository. */
export async function submodulesOf(git: Git, options: GitOptions): Promise<Path[]> {
  const entries = await list(git, ['ls-files', '--stage', '-z'], options);
  return entries
    .filter((entry) => entry.startsWith(SUBMODULE_MODE))
    .map((entry) => entry.slice(entry.indexOf('\t') + 1));
}

async function update(
  git: Git,
  options: GitOptions,
  how: readonly string[],
  paths: readonly Path[],
): Promise<void> {
  if (paths.length === 0) return;
  const stdin = bytesOf(paths.map((path) => `${path}\0`).join(''));
  await git.bytes(['update-index', ...how, '-z', '--stdin'], { ...options, stdin });
}
