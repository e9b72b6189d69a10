import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** A directory on a disk of its own, so small that a test can fill it. */
export interface SmallDisk {
  /** Takes all room but `spareBytes`. */
  fill(spareBytes: number): void;
  /** Gives it back. */
  empty(): void;
  remove(): void;
}

/** Root of this machine may mount; whoever may not cannot run what needs it. */
export function canMount(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], {
      stdio: 'ignore',
    });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

const CHUNK = Buffer.alloc(64 * 1024);

export function smallDisk(directory: string, bytes: number): SmallDisk {
  mkdirSync(directory, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0755`, 'tmpfs', directory]);
  const inside = join(directory, 'filler');
  const freeBytes = () => {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  };
  return {
    fill(spareBytes) {
      const file = openSync(inside, 'w');
      try {
        while (freeBytes() > spareBytes) writeSync(file, CHUNK);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
      } finally {
        closeSync(file);
      }
    },
    empty: () => rmSync(inside, { force: true }),
    remove() {
      execFileSync('umount', ['--lazy', directory]);
    },
  };
}
