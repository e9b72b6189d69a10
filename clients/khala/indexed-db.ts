/** The little of IndexedDB that a store needs, as promises. */
import {
  type IdbDatabase,
  type IdbObjectStore,
  type IdbRequest,
  type IdbTransaction,
  idb,
} from './indexed-db-types.ts';

/** What a database must have; a name that is missing is created, one that is not listed here is left alone. */
export type ObjectStores = Readonly<Record<string, { keyPath: string[] }>>;

export interface Database {
  /** Runs `work` in one transaction over these stores and resolves with its result once that is committed. */
  transaction<T>(
    stores: string[],
    mode: 'readonly' | 'readwrite',
    work: (storeNamed: (name: string) => IdbObjectStore) => Promise<T>,
  ): Promise<T>;
}

/**
 * Opened at the first use, and again after it was closed for another page's upgrade. It is opened at whatever version
 * it has: asking for one would refuse a database that a later build has raised.
 */
export function indexedDatabase(name: string, stores: ObjectStores): Database {
  let opened: Promise<IdbDatabase> | undefined;

  function connection(): Promise<IdbDatabase> {
    opened ??= openWith(name, stores).then(
      (database) => {
        const release = () => {
          opened = undefined;
        };
        database.addEventListener('close', release);
        database.addEventListener('versionchange', () => {
          release();
          database.close();
        });
        return database;
      },
      (fault: unknown) => {
        opened = undefined;
        throw fault;
      },
    );
    return opened;
  }

  return {
    async transaction(names, mode, work) {
      const transaction = (await connection()).transaction(names, mode);
      const committed = new Promise<void>((resolve, reject) => {
        transaction.addEventListener('complete', () => resolve());
        transaction.addEventListener('abort', () => reject(transaction.error ?? aborted()));
      });
      try {
        const result = await work((store) => transaction.objectStore(store));
        await committed;
        return result;
      } catch (fault) {
        // Without this a fault between two requests would commit the first of them.
        if (!transaction.error) abortQuietly(transaction);
        await committed.catch(() => undefined);
        throw fault;
      }
    },
  };
}

export function answerOf<T>(request: IdbRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.addEventListener('success', () => resolve(request.result));
    request.addEventListener('error', () => reject(request.error));
  });
}

async function openWith(name: string, stores: ObjectStores): Promise<IdbDatabase> {
  const found = await open(name, stores);
  const missing = Object.keys(stores).some((store) => !found.objectStoreNames.contains(store));
  if (!missing) return found;
  found.close();
  return open(name, stores, found.version + 1);
}

function open(name: string, stores: ObjectStores, version?: number): Promise<IdbDatabase> {
  const request = idb().indexedDB.open(name, version);
  request.addEventListener('upgradeneeded', () => {
    const database = request.result;
    for (const [store, options] of Object.entries(stores)) {
      if (!database.objectStoreNames.contains(store)) database.createObjectStore(store, options);
    }
  });
  return answerOf(request);
}

function abortQuietly(transaction: IdbTransaction): void {
  try {
    transaction.abort();
  } catch {
    // It has ended by itself, which is what was wanted.
  }
}

function aborted(): DOMException {
  return new DOMException('the transaction was aborted', 'AbortError');
}
