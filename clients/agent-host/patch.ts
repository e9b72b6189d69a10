/** What a turn made of the work tree, seen by the host's own git: nothing that the agent wrote is run or believed. */
import { createReadStream, createWriteStream } from 'node:fs';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { OBJECT_LIST_BYTES_MAX } from './changed-paths.ts';
import { type Git, type GitOptions, LISTING_TIMEOUT_MS } from './git.ts';
import { assertWorkTree, takeUp } from './take-up.ts';
import { copyIndex, TURN_INDEX } from './turn-index.ts';
import {
  CLONE_TIMEOUT_MS,
  describeFile,
  exists,
  type StoredFile,
  type Workspace,
  WorkspaceError,
} from './workspace.ts';

/** The largest patch that is taken from an agent; a patch beyond this is not a reviewable change. */
export const PATCH_BYTES_MAX = 64 * 1024 * 1024;
const SHA1_HEX_LENGTH = 40;

export interface Patch {
  /** Undefined where nothing changed. */
  file: StoredFile | undefined;
  filesChanged: string[];
  /** What is in the tree and cannot be in a patch, as a person reads it. */
  leftOut: string[];
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
  if (!(await hasContent(git, workspace))) return;
  const options = { ...trusted(workspace, TURN_INDEX), timeoutMs: LISTING_TIMEOUT_MS };
  const ref = `refs/oa/turns/${turn}`;
  await takeUp(git, workspace, options);
  const known = await git.text(['for-each-ref', '--format=%(objectname)', ref], options);
  if (known !== '') await git.bytes(['read-tree', '--reset', '-u', known], options);
  else {
    const tree = await git.text(['write-tree'], options);
    await git.bytes(['update-ref', ref, tree], options);
  }
}

/** Puts a patch of an earlier turn, made on another machine, into a fresh work tree. */
export async function applyPatch(git: Git, workspace: Workspace, patch: Uint8Array): Promise<void> {
  await createRepository(git, workspace);
  const options = trusted(workspace, TURN_INDEX);
  const path = join(workspace.directory, 'previous.diff');
  await writeFile(path, patch);
  await git.bytes(['apply', '--whitespace=nowarn', path], options);
}

/** The difference between the base commit and the work tree as it is now, new files included, binary safe. */
export async function writePatch(git: Git, workspace: Workspace): Promise<Patch> {
  if (!(await hasContent(git, workspace)))
    return { file: undefined, filesChanged: [], leftOut: [] };
  const path = join(workspace.directory, 'patch.diff');
  const options = { ...trusted(workspace, 'patch.index'), timeoutMs: LISTING_TIMEOUT_MS };
  // Only what changed since the turn began is read again.
  const turnIndex = join(workspace.directory, TURN_INDEX);
  if (await exists(turnIndex)) await copyIndex(turnIndex, join(workspace.directory, 'patch.index'));
  const { leftOut } = await takeUp(git, workspace, options);
  const diff = ['diff', '--cached', '--no-ext-diff', '--no-textconv', '--no-renames'];
  const names = await git.bytes([...diff, '--name-only', '-z', 'refs/oa/base'], {
    ...options,
    outputBytesMax: OBJECT_LIST_BYTES_MAX,
  });
  await git.bytes(
    [...diff, '--binary', '--full-index', '--no-color', `--output=${path}`, 'refs/oa/base'],
    options,
  );
  const filesChanged = names.toString('utf8').split('\0').filter(Boolean);
  if (filesChanged.length === 0) return { file: undefined, filesChanged, leftOut };
  const file = await describeFile(path);
  if (file.bytes > PATCH_BYTES_MAX) {
    await rm(path);
    throw new WorkspaceError(
      'patch_too_large',
      `the patch has ${file.bytes} bytes, more than the ${PATCH_BYTES_MAX} that are taken`,
    );
  }
  return { file, filesChanged, leftOut };
}

/** A task without a repository needs none until there is something to compare. */
async function hasContent(git: Git, workspace: Workspace): Promise<boolean> {
  await assertWorkTree(workspace);
  if (await exists(workspace.gitDirectory)) return true;
  if ((await readdir(workspace.workTree)).length === 0) return false;
  await createRepository(git, workspace);
  return true;
}

/** Gives a task without a repository one whose base is empty. */
async function createRepository(git: Git, workspace: Workspace): Promise<void> {
  if (await exists(workspace.gitDirectory)) return;
  await git.bytes(['init', '--quiet', '--bare', workspace.gitDirectory], {
    cwd: workspace.directory,
  });
  const options: GitOptions = { cwd: workspace.gitDirectory };
  const emptyTree = await git.text(['mktree'], options);
  await git.bytes(['update-ref', 'refs/oa/base', emptyTree], options);
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
