import { join } from 'node:path';
import { OBJECT_LIST_BYTES_MAX, shown } from './changed-paths.ts';
import { type Git, GitError, type GitOptions, LISTING_TIMEOUT_MS } from './git.ts';
import { submodulesOf } from './take-up.ts';
import { TURN_INDEX } from './turn-index.ts';
import { exists, type Workspace } from './workspace.ts';

/** Git's exit code where it looked and found nothing. */
const FOUND_NOTHING = 1;

/** What of a repository is not in a fresh work tree, as a person reads it. */
export async function describeBase(git: Git, workspace: Workspace): Promise<string[]> {
  const index = join(workspace.directory, TURN_INDEX);
  if (!(await exists(index))) return [];
  const options: GitOptions = {
    cwd: workspace.gitDirectory,
    env: { GIT_INDEX_FILE: index },
    timeoutMs: LISTING_TIMEOUT_MS,
    outputBytesMax: OBJECT_LIST_BYTES_MAX,
  };
  const submodules = await submodulesOf(git, options);
  const notes = submodules.map((path) => `the submodule ${shown(path)} is not checked out`);
  if (await usesLargeFileStorage(git, options)) {
    notes.push('files in large file storage are their pointers here; nothing is downloaded');
  }
  return notes;
}

async function usesLargeFileStorage(git: Git, options: GitOptions): Promise<boolean> {
  const attributes = [':(glob)**/.gitattributes'];
  try {
    await git.bytes(
      ['grep', '--quiet', 'filter=lfs', 'refs/oa/base', '--', ...attributes],
      options,
    );
    return true;
  } catch (error) {
    if (error instanceof GitError && error.exitCode === FOUND_NOTHING) return false;
    throw error;
  }
}
