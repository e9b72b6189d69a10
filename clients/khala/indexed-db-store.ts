import type { JsonValue } from '#proto/canonical.ts';
import { answerOf, indexedDatabase } from './indexed-db.ts';
import { type IdbKeyRange, type IdbObjectStore, idb } from './indexed-db-types.ts';
import {
  advances,
  type DocumentStore,
  type StoreNamespace,
  type SyncDocument,
  TOPICS_KEPT_MAX,
  type Watermark,
} from './watermark-store.ts';

/** Written into each row (2 of `watermark-store.ts`). */
const SCHEMA_VERSION = 1;
const WATERMARKS = 'watermarks';
const DOCUMENTS = 'documents';

interface WatermarkRow {
  topic: string;
  epoch: string;
  /** Decimal: an IndexedDB key or value of a bigint is not supported everywhere. */
  seq: string;
  touched_at_ms: number;
  schema_version: number;
}

interface DocumentRow {
  topic: string;
  doc_key: string;
  doc_version: string;
  kind: string;
  payload: JsonValue;
}

type StoreNamed = (name: string) => IdbObjectStore;

/** The store of a page: one database per namespace, shared by all tabs of its origin. */
export function createIndexedDbStore(namespace: StoreNamespace): DocumentStore {
  const database = indexedDatabase(databaseName(namespace), {
    [WATERMARKS]: { keyPath: ['topic'] },
    [DOCUMENTS]: { keyPath: ['topic', 'doc_key'] },
  });
  const write = <T>(work: (storeNamed: StoreNamed) => Promise<T>) =>
    database.transaction([WATERMARKS, DOCUMENTS], 'readwrite', work);
  let tidied = false;

  return {
    load: (topic) =>
      database.transaction([WATERMARKS], 'readonly', (storeNamed) =>
        watermarkOf(storeNamed, topic),
      ),
    save: (topic, watermark) =>
      write(async (storeNamed) => {
        await putWatermark(storeNamed, topic, watermark);
        if (tidied) return;
        await removeOldest(storeNamed);
        tidied = true;
      }),
    forget: (topic) =>
      write(async (storeNamed) => {
        await removeTopic(storeNamed, topic);
      }),
    read: (topic) =>
      database.transaction([WATERMARKS, DOCUMENTS], 'readonly', async (storeNamed) => {
        const [watermark, rows] = await Promise.all([
          watermarkOf(storeNamed, topic),
          answerOf(storeNamed(DOCUMENTS).getAll(documentsOf(topic))),
        ]);
        return { watermark, documents: rows.map((row) => documentOf(row as DocumentRow)) };
      }),
    apply: (topic, watermark, documents) =>
      write(async (storeNamed) => {
        if (!advances(await watermarkOf(storeNamed, topic), watermark)) return;
        await Promise.all([
          ...documents.map((document) => putIfNewer(storeNamed, topic, document)),
          putWatermark(storeNamed, topic, watermark),
        ]);
      }),
    replace: (topic, watermark, documents) =>
      write(async (storeNamed) => {
        await removeTopic(storeNamed, topic);
        await Promise.all([
          ...documents.map((document) =>
            answerOf(storeNamed(DOCUMENTS).put(rowOf(topic, document))),
          ),
          putWatermark(storeNamed, topic, watermark),
        ]);
      }),
  };
}

export function databaseName({ userId, orgId, deviceId }: StoreNamespace): string {
  return `openagents.khala/${[userId, orgId, deviceId].map(encodeURIComponent).join('/')}`;
}

async function watermarkOf(storeNamed: StoreNamed, topic: string): Promise<Watermark | undefined> {
  const found = await answerOf(storeNamed(WATERMARKS).get([topic]));
  const row = found as WatermarkRow | undefined;
  return row && { epoch: row.epoch, seq: BigInt(row.seq) };
}

async function putWatermark(
  storeNamed: StoreNamed,
  topic: string,
  { epoch, seq }: Watermark,
): Promise<void> {
  const row: WatermarkRow = {
    topic,
    epoch,
    seq: seq.toString(),
    touched_at_ms: Date.now(),
    schema_version: SCHEMA_VERSION,
  };
  await answerOf(storeNamed(WATERMARKS).put(row));
}

async function putIfNewer(
  storeNamed: StoreNamed,
  topic: string,
  document: SyncDocument,
): Promise<void> {
  const store = storeNamed(DOCUMENTS);
  const known = await answerOf(store.get([topic, document.docKey]));
  if (known && documentOf(known as DocumentRow).docVersion >= document.docVersion) return;
  await answerOf(store.put(rowOf(topic, document)));
}

async function removeTopic(storeNamed: StoreNamed, topic: string): Promise<void> {
  await Promise.all([
    answerOf(storeNamed(WATERMARKS).delete([topic])),
    answerOf(storeNamed(DOCUMENTS).delete(documentsOf(topic))),
  ]);
}

async function removeOldest(storeNamed: StoreNamed): Promise<void> {
  const count = await answerOf(storeNamed(WATERMARKS).count());
  if (count <= TOPICS_KEPT_MAX) return;
  const rows = (await answerOf(storeNamed(WATERMARKS).getAll())) as WatermarkRow[];
  rows.sort((a, b) => b.touched_at_ms - a.touched_at_ms);
  await Promise.all(rows.slice(TOPICS_KEPT_MAX).map(({ topic }) => removeTopic(storeNamed, topic)));
}

/** All keys of a topic: in IndexedDB's order an array stands after every text. */
function documentsOf(topic: string): IdbKeyRange {
  return idb().IDBKeyRange.bound([topic], [topic, []]);
}

function rowOf(topic: string, { docKey, docVersion, kind, payload }: SyncDocument): DocumentRow {
  return { topic, doc_key: docKey, doc_version: docVersion.toString(), kind, payload };
}

function documentOf({ doc_key, doc_version, kind, payload }: DocumentRow): SyncDocument {
  return { docKey: doc_key, docVersion: BigInt(doc_version), kind, payload };
}
