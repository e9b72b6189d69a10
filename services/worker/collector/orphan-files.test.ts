import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  type ArtifactStore,
  createDirectoryStore,
  shelfDirectory,
} from '../../shared/artifact-store.ts';
import { createOrphanFiles } from './orphan-files.ts';

const HOUR_MS = 3_600_000;

let directory: string;
let store: ArtifactStore;
let sha256: string;
let shelf: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-orphans-'));
  store = createDirectoryStore(directory);
  sha256 = await put();
  const hex = sha256.slice('sha256:'.length);
  shelf = hex.slice(0, 2);
  const old = new Date(Date.now() - 2 * HOUR_MS);
  await utimes(join(shelfDirectory(directory, shelf), hex), old, old);
});
afterEach(() => rm(directory, { recursive: true }));

async function put(): Promise<string> {
  async function* content() {
    yield Buffer.from('the same content');
  }
  return (await store.put(content(), { bytesMax: 100 })).sha256;
}

/** Removes what is older than an hour; `meanwhile[n]` runs in the collector's n-th look at the rows, before its answer. */
async function removeWhile(...meanwhile: (() => Promise<Set<string>>)[]): Promise<number> {
  let look = 0;
  const files = createOrphanFiles({
    directory,
    known: async () => (await meanwhile[look++]?.()) ?? new Set(),
  });
  const { files: removed } = await files.removeFromShelf(shelf, Date.now() - HOUR_MS);
  return removed;
}

const nobody = async () => new Set<string>();

test('bytes that come again between the look and the removal stay', async () => {
  const removed = await removeWhile(async () => {
    await put();
    return new Set();
  });
  expect(removed).toBe(0);
  expect(await store.has(sha256)).toBe(true);
});

test('bytes that come again while the old file is set aside stay, and only the old file goes', async () => {
  const removed = await removeWhile(nobody, async () => {
    expect(await store.has(sha256)).toBe(false);
    await put();
    return new Set();
  });
  expect(removed).toBe(1);
  expect(await store.has(sha256)).toBe(true);
});

test('a row that is written meanwhile brings the file back', async () => {
  const removed = await removeWhile(nobody, async () => new Set([sha256.slice('sha256:'.length)]));
  expect(removed).toBe(0);
  expect(await store.has(sha256)).toBe(true);
});

test('another collector that was first is no error, and counts alone', async () => {
  let other = 0;
  const removed = await removeWhile(async () => {
    other = await removeWhile();
    return new Set();
  });
  expect([other, removed]).toEqual([1, 0]);
  expect(await store.has(sha256)).toBe(false);
});
