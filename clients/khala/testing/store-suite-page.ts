/** The suite inside a page, with a later build beside it that raises the database. */

import { answerOf } from '../indexed-db.ts';
import { createIndexedDbStore, databaseName } from '../indexed-db-store.ts';
import { type IdbDatabase, idb } from '../indexed-db-types.ts';
import { runCase, STORE_CASES, type StoreUnderTest } from './store-suite.ts';

interface Row {
  topic: string;
  schema_version: number;
}

const indexedDb: StoreUnderTest = {
  open: async (namespace) => createIndexedDbStore(namespace),
  async raise(namespace) {
    const name = databaseName(namespace);
    const current = await answerOf(idb().indexedDB.open(name));
    const version = current.version + 1;
    current.close();
    const request = idb().indexedDB.open(name, version);
    request.addEventListener('upgradeneeded', () => {
      request.result.createObjectStore('checksums', { keyPath: ['topic'] });
    });
    const raised = await answerOf(request);
    const rows = await watermarksIn(raised);
    const transaction = raised.transaction(['watermarks', 'checksums'], 'readwrite');
    for (const row of rows) {
      transaction.objectStore('watermarks').put({ ...row, schema_version: 2, checksum: 'f' });
      transaction.objectStore('checksums').put({ topic: row.topic });
    }
    await new Promise<void>((resolve) => transaction.addEventListener('complete', resolve));
    raised.close();
  },
  async schemaVersionOf(namespace, topic) {
    const database = await answerOf(idb().indexedDB.open(databaseName(namespace)));
    const rows = await watermarksIn(database);
    const kept = database.objectStoreNames.contains('checksums');
    database.close();
    return kept ? (rows.find((row) => row.topic === topic)?.schema_version ?? 0) : 0;
  },
};

async function watermarksIn(database: IdbDatabase): Promise<Row[]> {
  const store = database.transaction(['watermarks'], 'readonly').objectStore('watermarks');
  return (await answerOf(store.getAll())) as Row[];
}

export function runInPage(name: string): Promise<unknown> {
  const found = STORE_CASES.find((storeCase) => storeCase.name === name);
  if (!found) throw new TypeError(`no case ${name}`);
  return runCase(found, indexedDb);
}
