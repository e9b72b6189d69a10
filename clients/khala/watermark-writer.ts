/**
 * Brings what was applied into the store.
 *
 * 1. One write at a time, always of the newest position: a slow disk makes the store lag, not the stream.
 * 2. Documents travel with the position that they belong to, in one transaction. They are not dropped, so what waits is
 *    bounded by making the reader wait.
 */
import {
  type DocumentStore,
  holdsDocuments,
  type SyncDocument,
  type Watermark,
  type WatermarkStore,
} from './watermark-store.ts';

/** Enough for a transaction to be worth its commit; more would only be memory. */
const DOCUMENTS_WAITING_MAX = 1_024;

export class WatermarkWriter {
  readonly #topic: string;
  readonly #store: WatermarkStore;
  readonly #documentStore: DocumentStore | undefined;
  #target: Watermark | undefined;
  #written: Watermark | undefined;
  #documents: SyncDocument[] = [];
  #writing: Promise<void> | undefined;
  #fault: unknown;

  /** `keepsDocuments`: the application names the documents of its events. */
  constructor(topic: string, store: WatermarkStore, keepsDocuments: boolean) {
    this.#topic = topic;
    this.#store = store;
    if (!keepsDocuments) return;
    if (!holdsDocuments(store)) throw new TypeError('this store holds no documents');
    this.#documentStore = store;
  }

  /** The reader stands where the store says, or begins anew. */
  begin(position: Watermark | undefined): void {
    this.#target = position;
    this.#written = position;
  }

  /** Something to wait for only where too many documents wait. Throws what the store threw, if documents are lost by it. */
  advance(position: Watermark, document: SyncDocument | undefined): Promise<void> | undefined {
    if (this.#documentStore && this.#fault) throw this.#fault;
    this.#target = position;
    if (document) this.#documents.push(document);
    this.#writing ??= this.#write();
    return this.#documents.length < DOCUMENTS_WAITING_MAX ? undefined : this.#writing;
  }

  /** The state of a snapshot instead of everything before it. Throws what the store threw, if documents are lost by it. */
  async replace(position: Watermark, documents: readonly SyncDocument[]): Promise<void> {
    await this.#writing;
    this.#documents = [];
    if (!this.#documentStore) return this.advance(position, undefined) ?? this.#writing;
    await this.#documentStore.replace(this.#topic, position, documents);
    this.begin(position);
  }

  async forget(): Promise<void> {
    await this.#writing;
    this.#documents = [];
    await this.#store.forget(this.#topic);
    this.begin(undefined);
  }

  /** Waits until the newest position is stored. Throws what the store threw last. */
  async flush(): Promise<void> {
    await this.#writing;
    if (this.#fault) throw this.#fault;
  }

  async #write(): Promise<void> {
    while (this.#target && this.#target !== this.#written) {
      const target = this.#target;
      const documents = this.#documents;
      this.#documents = [];
      try {
        if (this.#documentStore) await this.#documentStore.apply(this.#topic, target, documents);
        else await this.#store.save(this.#topic, target);
        this.#fault = undefined;
      } catch (error) {
        this.#fault = error;
        // A store that lags is allowed, and the next advance tries again. Lost documents end the topic there.
        if (this.#documentStore) break;
      }
      this.#written = target;
    }
    // Here and not in a later microtask: an advance in between would find nobody to store it.
    this.#writing = undefined;
  }
}
