import {
  advances,
  type DocumentStore,
  type SyncDocument,
  type Watermark,
} from './watermark-store.ts';

/** Lives as long as the page or the process: for viewers that start from the beginning each time, and for tests. */
export function createMemoryStore(): DocumentStore {
  const watermarks = new Map<string, Watermark>();
  const documentsByTopic = new Map<string, Map<string, SyncDocument>>();

  function put(topic: string, documents: readonly SyncDocument[]): void {
    const held = documentsByTopic.get(topic) ?? new Map<string, SyncDocument>();
    documentsByTopic.set(topic, held);
    for (const document of documents) {
      const known = held.get(document.docKey);
      if (!known || known.docVersion < document.docVersion) held.set(document.docKey, document);
    }
  }

  return {
    async load(topic) {
      return watermarks.get(topic);
    },
    async save(topic, watermark) {
      watermarks.set(topic, watermark);
    },
    async forget(topic) {
      watermarks.delete(topic);
      documentsByTopic.delete(topic);
    },
    async read(topic) {
      const documents = [...(documentsByTopic.get(topic)?.values() ?? [])];
      return { watermark: watermarks.get(topic), documents };
    },
    async apply(topic, watermark, documents) {
      if (!advances(watermarks.get(topic), watermark)) return;
      put(topic, documents);
      watermarks.set(topic, watermark);
    },
    async replace(topic, watermark, documents) {
      documentsByTopic.delete(topic);
      put(topic, documents);
      watermarks.set(topic, watermark);
    },
  };
}
