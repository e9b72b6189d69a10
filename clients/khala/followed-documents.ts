import type { KhalaClient, Subscription, SyncEvent } from './types.ts';
import { holdsDocuments, type SyncDocument } from './watermark-store.ts';

export interface FollowedDocuments {
  /** By key, as they are now. A document never goes back to an older version. */
  readonly documents: ReadonlyMap<string, SyncDocument>;
  readonly subscription: Subscription;
}

export interface FollowDocumentsOptions {
  /** After each change; with nothing when a snapshot replaced them all. */
  onChange?(document?: SyncDocument): void;
  /** The documents are those of now. */
  onCaughtUp?(): void;
}

/**
 * The documents of a summary topic: the snapshot, then each update by its version. With a store that holds documents
 * they are there at once, as the last life left them, and it continues after these.
 */
export async function followDocuments(
  client: KhalaClient,
  topic: string,
  { onChange, onCaughtUp }: FollowDocumentsOptions = {},
): Promise<FollowedDocuments> {
  const documents = new Map<string, SyncDocument>();
  const replace = (all: readonly SyncDocument[]) => {
    documents.clear();
    for (const document of all) documents.set(document.docKey, document);
  };
  const kept = holdsDocuments(client.store) ? await client.store.read(topic) : undefined;
  replace(kept?.documents ?? []);
  const subscription = client.subscribe(topic, {
    from: kept?.watermark ?? 'bootstrap',
    onSnapshot(snapshot) {
      replace(snapshot.documents);
      onChange?.();
    },
    onEvent(event) {
      const document = documentOf(event);
      const known = documents.get(document.docKey);
      if (known && known.docVersion >= document.docVersion) return;
      documents.set(document.docKey, document);
      onChange?.(document);
    },
    onCaughtUp: () => onCaughtUp?.(),
    ...(kept ? { document: documentOf } : {}),
  });
  return { documents, subscription };
}

function documentOf({ docKey, docVersion, kind, payload }: SyncEvent): SyncDocument {
  return { docKey, docVersion, kind, payload };
}
