import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type ArtifactStore, createDirectoryStore } from './artifact-store.ts';

let directory: string;
let store: ArtifactStore;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-artifacts-'));
  store = createDirectoryStore(directory);
});
afterEach(() => rm(directory, { recursive: true }));

test('bytes come back as they were put, chunk by chunk, once per content', async () => {
  const chunks = ['one ', 'two ', 'three'];
  const stored = await store.put(stream(chunks), {
    bytesMax: 100,
    expected: sha256(chunks.join('')),
  });
  expect(stored).toEqual({ sha256: sha256('one two three'), bytes: 13 });
  await store.put(stream(['one two three']), { bytesMax: 100 });
  const opened = await store.get(stored.sha256);
  expect(opened?.bytes).toBe(13);
  expect(String(opened && (await buffer(opened.stream)))).toBe('one two three');
});

test('bytes of another hash leave nothing behind', async () => {
  const put = store.put(stream(['evil']), { bytesMax: 100, expected: sha256('good') });
  await expect(put).rejects.toThrow('hash to');
  expect(await store.has(sha256('evil'))).toBe(false);
  expect(await store.has(sha256('good'))).toBe(false);
  expect(await readdir(join(directory, 'incoming'))).toEqual([]);
});

test('the cap holds while the bytes arrive', async () => {
  let sent = 0;
  async function* endless() {
    for (;;) {
      sent += 1024;
      yield new Uint8Array(1024);
    }
  }
  await expect(store.put(endless(), { bytesMax: 10_000 })).rejects.toThrow('larger than 10000');
  expect(sent).toBeLessThan(12_000);
  expect(await readdir(join(directory, 'incoming'))).toEqual([]);
});

test('a name that is no hash cannot leave the directory', async () => {
  await expect(store.get('sha256:../../../etc/passwd')).rejects.toThrow('not a SHA-256');
});

function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}

async function* stream(chunks: string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}
