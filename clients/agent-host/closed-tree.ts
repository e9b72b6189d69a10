/** Trees whose directories an agent closed to everybody, which stops whoever is not root. */
import { chmod, lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../api/atomic-file.ts';

const OWNER_ENTERS = 0o700;

/** Lets its owner, who is the host as well, into every directory that the agent closed. Links are not followed. */
export async function makeReadable(directory: string): Promise<void> {
  try {
    const found = await lstat(directory);
    if (!found.isDirectory()) return;
    if ((found.mode & OWNER_ENTERS) !== OWNER_ENTERS) {
      await chmod(directory, found.mode | OWNER_ENTERS);
    }
    for (const entry of await readdir(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) await makeReadable(join(directory, entry.name));
    }
  } catch (error) {
    // A removal that failed at one place may still be under way at others.
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

/** Removes a tree, whatever it is and whether or not it is there. */
export async function removeTree(path: string): Promise<void> {
  try {
    await rm(path, { recursive: true, force: true });
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errorCode(error) ?? '')) throw error;
    await makeReadable(path);
    await rm(path, { recursive: true, force: true });
  }
}
