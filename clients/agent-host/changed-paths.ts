/** What differs in the agent's work tree from an index of the host's own git, and what it would take to read it. */
import { chmod, lstat } from 'node:fs/promises';
import { errorCode } from '../api/atomic-file.ts';
import { makeReadable } from './closed-tree.ts';
import type { Git, GitOptions } from './git.ts';
import { type Workspace, WorkspaceError } from './workspace.ts';

/** All files that a turn changed, before they are compared: far more than a patch of the largest size needs. */
export const CHANGED_BYTES_MAX = 1024 * 1024 * 1024;
/** One line per file of the tree: room for a million of them. */
export const OBJECT_LIST_BYTES_MAX = 128 * 1024 * 1024;
const UNREADABLE = /Permission denied/;
const OWNER_READS = 0o400;

/** A path as git names it, byte for byte: a character of latin1 is a byte, as names need not be UTF-8. */
export type Path = string;

export function bytesOf(text: Path): Buffer {
  return Buffer.from(text, 'latin1');
}

/** A path as a person reads it, on one line. */
export function shown(path: Path): string {
  return JSON.stringify(bytesOf(path).toString('utf8'));
}

export interface Changes {
  taken: Path[];
  /** Of the index, and no longer in the tree. */
  gone: Path[];
  /** Pipes, sockets, devices. */
  special: Path[];
  repositories: Path[];
}

export async function changes(
  git: Git,
  workspace: Workspace,
  options: GitOptions,
): Promise<Changes> {
  const entryAt = createLook(workspace.workTree);
  const found: Changes = { taken: [], gone: [], special: [], repositories: [] };
  let bytes = 0;
  let largest = { path: '', bytes: 0 };
  for (const path of await changedPaths(git, workspace, options)) {
    if (path.endsWith('/')) {
      found.repositories.push(path);
      continue;
    }
    const entry = await entryAt(path);
    found[entry.kind].push(path);
    bytes += entry.bytes;
    if (entry.bytes > largest.bytes) largest = { path, bytes: entry.bytes };
  }
  if (bytes > CHANGED_BYTES_MAX) {
    throw new WorkspaceError(
      'patch_too_large',
      `the changed files have ${bytes} bytes, more than the ${CHANGED_BYTES_MAX} that are taken; the largest is ${shown(largest.path)} with ${largest.bytes}`,
    );
  }
  return found;
}

async function changedPaths(
  git: Git,
  workspace: Workspace,
  options: GitOptions,
): Promise<Set<Path>> {
  const listing = ['ls-files', '--modified', '--others', '--exclude-standard', '-z'];
  let denied = false;
  const warnings = (text: string) => {
    denied ||= UNREADABLE.test(text);
  };
  const listed = await list(git, listing, { ...options, warnings });
  if (!denied) return new Set(listed);
  await makeReadable(workspace.workTree);
  return new Set(await list(git, listing, options));
}

/** Looks at paths of the tree and never through a link, not even one that took the place of a directory. */
function createLook(workTree: string) {
  const directories = new Map<Path, Promise<boolean>>([['', Promise.resolve(true)]]);

  const statOf = async (path: Path) => {
    const full = Buffer.concat([Buffer.from(`${workTree}/`), bytesOf(path)]);
    return { full, found: await lstat(full).catch(ignoreGone) };
  };

  function isDirectory(path: Path): Promise<boolean> {
    let known = directories.get(path);
    if (!known) {
      known = isDirectory(parentOf(path)).then(
        async (inDirectory) => inDirectory && (await statOf(path)).found?.isDirectory() === true,
      );
      directories.set(path, known);
    }
    return known;
  }

  return async (path: Path): Promise<{ kind: 'taken' | 'gone' | 'special'; bytes: number }> => {
    if (!(await isDirectory(parentOf(path)))) return { kind: 'gone', bytes: 0 };
    const { full, found } = await statOf(path);
    // What is below a directory that took the place of a file is listed by itself.
    if (!found || found.isDirectory()) return { kind: 'gone', bytes: 0 };
    if (found.isSymbolicLink()) return { kind: 'taken', bytes: 0 };
    if (!found.isFile()) return { kind: 'special', bytes: 0 };
    if ((found.mode & OWNER_READS) === 0) await chmod(full, found.mode | OWNER_READS);
    return { kind: 'taken', bytes: found.size };
  };
}

function parentOf(path: Path): Path {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

function ignoreGone(error: unknown): undefined {
  if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
}

export async function list(
  git: Git,
  args: readonly string[],
  options: GitOptions,
): Promise<Path[]> {
  const output = await git.bytes(args, options);
  return output.toString('latin1').split('\0').filter(Boolean);
}
