/**
 * Files of the artifact store that no row knows.
 *
 * 1. A file is judged only after it was set aside: what an upload puts under the name meanwhile is another file and stays.
 * 2. What was set aside and is young, or has a row, goes back. Nobody grants an artifact without having put its bytes a
 *    moment before, so what is old and without a row can be missed by nobody.
 * 3. A collector that was killed leaves files set aside; the next one judges them again. Two at once judge the same.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { incomingDirectory, shelfDirectory } from '../../shared/artifact-store.ts';

export interface OrphanFilesOptions {
  directory: string;
  /** Those of the hashes (64 hex digits) that have a row. */
  known: (hexes: readonly string[]) => Promise<Set<string>>;
}

export interface Removed {
  files: number;
  bytes: number;
}

export interface OrphanFiles {
  /** Uploads that ended without a name. */
  removeUnfinished(olderThanMs: number): Promise<Removed>;
  /** Judges again what a collector left set aside. */
  removeSetAside(olderThanMs: number): Promise<Removed>;
  removeFromShelf(shelf: string, olderThanMs: number): Promise<Removed & { looked: number }>;
}

/** Names in one question to the database. */
const NAMES_PER_QUERY = 1_000;

const HEX = /^[0-9a-f]{64}$/;

export function createOrphanFiles({ directory, known }: OrphanFilesOptions): OrphanFiles {
  const aside = join(directory, 'collecting');

  async function judge(name: string, olderThanMs: number): Promise<Removed> {
    const hex = name.slice(0, 64);
    const path = join(aside, name);
    const file = await statOrNull(path);
    if (!file) return NOTHING;
    const isOrphan = file.mtimeMs < olderThanMs && !(await known([hex])).has(hex);
    if (isOrphan) return remove(path, file.size);
    await ifPresent(() => rename(path, join(shelfDirectory(directory, hex.slice(0, 2)), hex)));
    return NOTHING;
  }

  async function setAside(shelf: string, hex: string): Promise<string | null> {
    await mkdir(aside, { recursive: true });
    const name = `${hex}.${randomUUID()}`;
    const moved = await ifPresent(() =>
      rename(join(shelfDirectory(directory, shelf), hex), join(aside, name)),
    );
    return moved ? name : null;
  }

  async function oldAndUnknown(shelf: string, hexes: string[], olderThanMs: number) {
    const strangers = await known(hexes).then((rows) => hexes.filter((hex) => !rows.has(hex)));
    const found: string[] = [];
    for (const hex of strangers) {
      const file = await statOrNull(join(shelfDirectory(directory, shelf), hex));
      if (file && file.mtimeMs < olderThanMs) found.push(hex);
    }
    return found;
  }

  return {
    async removeUnfinished(olderThanMs) {
      const incoming = incomingDirectory(directory);
      const removed = { files: 0, bytes: 0 };
      for (const name of await namesIn(incoming)) {
        const path = join(incoming, name);
        const file = await statOrNull(path);
        if (file && file.mtimeMs < olderThanMs) add(removed, await remove(path, file.size));
      }
      return removed;
    },
    async removeSetAside(olderThanMs) {
      const removed = { files: 0, bytes: 0 };
      for (const name of await namesIn(aside)) add(removed, await judge(name, olderThanMs));
      return removed;
    },
    async removeFromShelf(shelf, olderThanMs) {
      const names = (await namesIn(shelfDirectory(directory, shelf))).filter((one) =>
        HEX.test(one),
      );
      const removed = { files: 0, bytes: 0, looked: names.length };
      for (let from = 0; from < names.length; from += NAMES_PER_QUERY) {
        const batch = names.slice(from, from + NAMES_PER_QUERY);
        for (const hex of await oldAndUnknown(shelf, batch, olderThanMs)) {
          const name = await setAside(shelf, hex);
          if (name) add(removed, await judge(name, olderThanMs));
        }
      }
      return removed;
    },
  };
}

const NOTHING: Removed = { files: 0, bytes: 0 };

function add(sum: Removed, one: Removed): void {
  sum.files += one.files;
  sum.bytes += one.bytes;
}

async function remove(path: string, bytes: number): Promise<Removed> {
  return (await ifPresent(() => rm(path))) ? { files: 1, bytes } : NOTHING;
}

async function namesIn(directory: string): Promise<string[]> {
  let names: string[] = [];
  await ifPresent(async () => {
    names = await readdir(directory);
  });
  return names;
}

async function statOrNull(path: string): Promise<{ mtimeMs: number; size: number } | null> {
  let found: { mtimeMs: number; size: number } | null = null;
  await ifPresent(async () => {
    found = await stat(path);
  });
  return found;
}

/** False where the file was not there: another collector, or an upload, was first. */
async function ifPresent(act: () => Promise<unknown>): Promise<boolean> {
  try {
    await act();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}
