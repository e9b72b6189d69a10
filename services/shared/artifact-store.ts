/**
 * Content by its SHA-256, in a directory.
 *
 * 1. A file under its final name has exactly the bytes its name says: written aside, hashed, synced, then renamed.
 * 2. Nothing is ever changed in place; the same content twice is one file.
 * 3. A write never holds more than one chunk in memory, and never takes more than its cap on the disk.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, constants, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';

const DIGEST = /^sha256:([0-9a-f]{64})$/;

export class ArtifactTooLarge extends Error {
  override readonly name = 'ArtifactTooLarge';
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    super(`The artifact is larger than ${bytesMax} bytes.`);
    this.bytesMax = bytesMax;
  }
}

export class ArtifactHashMismatch extends Error {
  override readonly name = 'ArtifactHashMismatch';

  constructor(expected: string, actual: string) {
    super(`The bytes hash to ${actual}, not to ${expected}.`);
  }
}

export interface StoredArtifact {
  readonly sha256: string;
  readonly bytes: number;
}

export interface ArtifactStore {
  /**
   * Stores a stream of bytes.
   *
   * @param expected `sha256:<hex>` the bytes must have; without it the store computes the name.
   * @throws ArtifactTooLarge, ArtifactHashMismatch; nothing is kept then.
   */
  put(
    content: AsyncIterable<Uint8Array>,
    options: { bytesMax: number; expected?: string },
  ): Promise<StoredArtifact>;
  /** Opens stored bytes; null where there are none. */
  get(sha256: string): Promise<{ bytes: number; stream: Readable } | null>;
  has(sha256: string): Promise<boolean>;
  /** @throws when the directory cannot be written. */
  check(): Promise<void>;
}

export function createDirectoryStore(directory: string): ArtifactStore {
  const incoming = incomingDirectory(directory);

  async function put(
    content: AsyncIterable<Uint8Array>,
    { bytesMax, expected }: { bytesMax: number; expected?: string },
  ): Promise<StoredArtifact> {
    await mkdir(incoming, { recursive: true });
    const aside = join(incoming, randomUUID());
    try {
      const stored = await writeSynced(aside, content, bytesMax);
      if (expected && stored.sha256 !== expected) {
        throw new ArtifactHashMismatch(expected, stored.sha256);
      }
      const path = pathOf(directory, stored.sha256);
      await mkdir(dirname(path), { recursive: true });
      await rename(aside, path);
      await syncDirectory(dirname(path));
      return stored;
    } catch (error) {
      await rm(aside, { force: true });
      throw error;
    }
  }

  async function sizeOf(sha256: string): Promise<number | null> {
    try {
      return (await stat(pathOf(directory, sha256))).size;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  return {
    put,
    async get(sha256) {
      const bytes = await sizeOf(sha256);
      if (bytes === null) return null;
      return { bytes, stream: createReadStream(pathOf(directory, sha256)) };
    },
    has: async (sha256) => (await sizeOf(sha256)) !== null,
    async check() {
      await mkdir(incoming, { recursive: true });
      await access(incoming, constants.W_OK);
    },
  };
}

/** Where bytes wait for their name. */
export function incomingDirectory(directory: string): string {
  return join(directory, 'incoming');
}

/** Artifacts whose hash begins with these two hex digits: no directory grows past what a listing can bear. */
export function shelfDirectory(directory: string, shelf: string): string {
  return join(directory, 'sha256', shelf);
}

function pathOf(directory: string, sha256: string): string {
  const hex = DIGEST.exec(sha256)?.[1];
  if (!hex) throw new TypeError(`not a SHA-256: ${sha256}`);
  return join(shelfDirectory(directory, hex.slice(0, 2)), hex);
}

async function writeSynced(
  path: string,
  content: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<StoredArtifact> {
  const hash = createHash('sha256');
  let bytes = 0;
  await using file = await open(path, 'wx', 0o600);
  for await (const chunk of content) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw new ArtifactTooLarge(bytesMax);
    hash.update(chunk);
    await file.writeFile(chunk);
  }
  await file.sync();
  return { sha256: `sha256:${hash.digest('hex')}`, bytes };
}

async function syncDirectory(path: string): Promise<void> {
  await using directory = await open(path, 'r');
  await directory.sync();
}
