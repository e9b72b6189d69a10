import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createFileStore } from './file-store.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-watermarks-'));
});

afterEach(() => rm(directory, { recursive: true }));

function openStore(principal: Partial<Record<'userId' | 'orgId' | 'deviceId', string>> = {}) {
  return createFileStore({ directory, userId: 'u', orgId: 'o', deviceId: 'd', ...principal });
}

async function onlyFile(): Promise<string> {
  const [found] = await readdir(directory, { recursive: true, withFileTypes: true }).then((all) =>
    all.filter((entry) => entry.isFile()),
  );
  return join(found?.parentPath ?? '', found?.name ?? '');
}

test('the next life reads what the last one saved', async () => {
  const seq = 2n ** 62n + 1n;
  await (await openStore()).save('run:x:events', { epoch: 'e', seq });
  expect(await (await openStore()).load('run:x:events')).toEqual({ epoch: 'e', seq });
});

test.each([['userId'], ['orgId'], ['deviceId']] as const)(
  'another %s has watermarks of its own',
  async (name) => {
    await (await openStore()).save('t', { epoch: 'e', seq: 1n });
    expect(await (await openStore({ [name]: 'other' })).load('t')).toBeUndefined();
  },
);

test('two processes that follow different topics do not overwrite each other', async () => {
  const [one, other] = await Promise.all([openStore(), openStore()]);
  await Promise.all(
    [1n, 2n, 3n, 4n].flatMap((seq) => [
      one.save('a', { epoch: 'e', seq }),
      other.save('b', { epoch: 'e', seq: seq * 10n }),
    ]),
  );
  expect((await other.load('a'))?.epoch).toBe('e');
  expect((await one.load('b'))?.epoch).toBe('e');
});

test.each(['', 'not json', 'null', '{}', '{"schema_version":1,"topic":"t","epoch":"e","seq":-1}'])(
  'a damaged file (%j) counts as none',
  async (text) => {
    const store = await openStore();
    await store.save('t', { epoch: 'e', seq: 1n });
    await writeFile(await onlyFile(), text);
    expect(await store.load('t')).toBeUndefined();
  },
);

test('a file of a later schema beside it is left alone, and nothing temporary stays', async () => {
  const store = await openStore();
  await store.save('t', { epoch: 'e', seq: 1n });
  const mine = await onlyFile();
  const later = mine.replace('.v1.json', '.v2.json');
  await writeFile(later, 'of the future');
  await store.save('t', { epoch: 'e', seq: 2n });
  expect(await store.load('t')).toEqual({ epoch: 'e', seq: 2n });
  expect(await readFile(later, 'utf8')).toBe('of the future');
  const names = await readdir(join(mine, '..'));
  expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([]);
  await store.forget('t');
  expect(await store.load('t')).toBeUndefined();
});
