/** The part of IndexedDB that is used: the isomorphic sources are checked without the types of a page. */

export interface IdbRequest<T> {
  readonly result: T;
  readonly error: unknown;
  addEventListener(type: 'success' | 'error' | 'upgradeneeded', listener: () => void): void;
}

/** A bound of keys, made by `IDBKeyRange.bound`. */
export type IdbKeyRange = object;
type Key = readonly string[];

export interface IdbObjectStore {
  get(key: Key): IdbRequest<unknown>;
  getAll(range?: IdbKeyRange): IdbRequest<unknown[]>;
  put(row: object): IdbRequest<unknown>;
  delete(key: Key | IdbKeyRange): IdbRequest<undefined>;
  count(): IdbRequest<number>;
}

export interface IdbTransaction {
  readonly error: unknown;
  objectStore(name: string): IdbObjectStore;
  abort(): void;
  addEventListener(type: 'complete' | 'abort', listener: () => void): void;
}

export interface IdbDatabase {
  readonly version: number;
  readonly objectStoreNames: { contains(name: string): boolean };
  createObjectStore(name: string, options: { keyPath: string[] }): IdbObjectStore;
  transaction(stores: string[], mode: 'readonly' | 'readwrite'): IdbTransaction;
  close(): void;
  addEventListener(type: 'close' | 'versionchange', listener: () => void): void;
}

interface IdbGlobals {
  indexedDB: { open(name: string, version?: number): IdbRequest<IdbDatabase> };
  IDBKeyRange: { bound(lower: unknown, upper: unknown): IdbKeyRange };
}

/** Read when used, as a program without a page may import this. */
export function idb(): IdbGlobals {
  return globalThis as unknown as IdbGlobals;
}
