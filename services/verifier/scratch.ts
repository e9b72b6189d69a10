/**
 * Directories of one verifier process, below a root that several may share.
 *
 * An owner is `<pid>-<start time>`: a pid that came round again does not keep the remains of a dead process alive.
 */
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Scratch {
  readonly directory: string;
  readonly owner: string;
  remove(): void;
}

const OWNER_PATTERN = /^(\d+)-(\d+)/;

/** Makes this process's directory, closed to everybody else, and removes those of processes that are gone. */
export function openScratch(root: string): Scratch {
  mkdirSync(root, { recursive: true, mode: 0o700 });
  chmodSync(root, 0o700);
  for (const entry of readdirSync(root)) {
    if (isStaleOwner(entry)) rmSync(join(root, entry), { recursive: true, force: true });
  }
  const owner = ownerOf(process.pid) ?? `${process.pid}-0`;
  const directory = join(root, owner);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  return {
    directory,
    owner,
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Whether a name begins with an owner that no longer runs. */
export function isStaleOwner(name: string): boolean {
  const [, pid, startTime] = name.match(OWNER_PATTERN) ?? [];
  if (!pid || !startTime) return false;
  const current = ownerOf(Number(pid));
  return current !== null && startTime !== '0'
    ? current !== `${pid}-${startTime}`
    : !isAlive(Number(pid));
}

/** Field 22 of `/proc/<pid>/stat`; the second, a program's name, may hold anything and ends at the last `)`. */
function ownerOf(pid: number): string | null {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? [];
    return `${pid}-${fields[19] ?? 0}`;
  } catch {
    return null;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
