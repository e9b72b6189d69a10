import { copyFile, stat, utimes } from 'node:fs/promises';

/** Git's index of the work tree in the host's hands, kept from turn to turn, in the run's directory. */
export const TURN_INDEX = 'turn.index';

/**
 * An index keeps its time: by it git knows which files could have changed within the second in which it was written,
 * and looks into them.
 */
export async function copyIndex(from: string, to: string): Promise<void> {
  const { atime, mtime } = await stat(from);
  await copyFile(from, to);
  await utimes(to, atime, mtime);
}
