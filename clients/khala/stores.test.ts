import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createFileStore } from './file-store.ts';
import { createMemoryStore } from './memory-store.ts';
import {
  runCase,
  STORE_CASES,
  type StoreOffer,
  type StoreUnderTest,
} from './testing/store-suite.ts';
import type { WatermarkStore } from './watermark-store.ts';

let directory: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'oa-stores-'));
});

afterAll(() => rm(directory, { recursive: true }));

/** Its lives are those of one program. */
function memory(): StoreUnderTest {
  const stores = new Map<string, WatermarkStore>();
  return {
    async open(namespace) {
      const key = JSON.stringify(namespace);
      const store = stores.get(key) ?? createMemoryStore();
      stores.set(key, store);
      return store;
    },
  };
}

type Row = Record<string, unknown> & { topic: string; schema_version: number };

async function rowsIn(root: string): Promise<{ path: string; row: Row }[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  return Promise.all(
    paths.map(async (path) => ({ path, row: JSON.parse(await readFile(path, 'utf8')) as Row })),
  );
}

function file(): StoreUnderTest {
  const of = (namespace: { userId: string }) => join(directory, namespace.userId);
  return {
    open: (namespace) => createFileStore({ directory: of(namespace), ...namespace }),
    async raise(namespace) {
      for (const { path, row } of await rowsIn(of(namespace))) {
        const raised = { ...row, schema_version: 2, checksum: 'of the future', pages: [1, 2] };
        await writeFile(path, JSON.stringify(raised));
      }
    },
    async schemaVersionOf(namespace, topic) {
      const rows = await rowsIn(of(namespace));
      return rows.find(({ row }) => row.topic === topic)?.row.schema_version ?? 0;
    },
  };
}

describe.each<[string, StoreUnderTest, StoreOffer[]]>([
  ['memory', memory(), ['documents']],
  ['file', file(), ['versions']],
])('the %s store', (_, store, offers) => {
  const cases = STORE_CASES.filter(({ needs = [] }) =>
    needs.every((need) => offers.includes(need)),
  );
  test.each(cases)('$name', async (storeCase) => {
    expect(await runCase(storeCase, store)).toEqual(storeCase.expected);
  });
});
