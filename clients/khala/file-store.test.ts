import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileStore } from './file-store.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-watermarks-'));
});

afterEach(() => rm(directory, { recursive: true }));

function openStore() {
  return createFileStore({ directory, userId: 'u', orgId: 'o', deviceId: 'd' });
}

async function onlyFile(): Promise<string> {
  const [found] = await readdir(directory, { recursive: true, withFileTypes: true }).then((all) =>
    all.filter((entry) => entry.isFile()),
  );
  return join(found?.parentPath ?? '', found?.name ?? '');
}

test.each(['', 'not json', 'null', '{}', '{"schema_version":1,"topic":"t","epoch":"e","seq":-1}'])(
  'a damaged file (%j) counts as none',
  async (text) => {
    const store = await openStore();
    await store.save('t', { epoch: 'e', seq: 1n });
    await writeFile(await onlyFile(), text);
    expect(await store.load('t')).toBeUndefined();
  },
);

test('nothing temporary stays', async () => {
  const store = await openStore();
  await store.save('t', { epoch: 'e', seq: 1n });
  await store.save('t', { epoch: 'e', seq: 2n });
  const names = await readdir(join(await onlyFile(), '..'));
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
});
