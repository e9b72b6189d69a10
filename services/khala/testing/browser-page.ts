/** What a page of a test loads: the client as an application uses it, with a log of what was applied. */
import { resumeWithPage } from '#clients/khala/browser-triggers.ts';
import { createKhalaClient } from '#clients/khala/client.ts';
import { type FollowedDocuments, followDocuments } from '#clients/khala/followed-documents.ts';
import { createIndexedDbStore } from '#clients/khala/indexed-db-store.ts';
import type { ClientState, KhalaClient, SyncEvent } from '#clients/khala/types.ts';
import type { StoreNamespace } from '#clients/khala/watermark-store.ts';

export interface PageOptions {
  url: string;
  namespace: StoreNamespace;
  clientBuildId: string;
}

/** Provided by the test: control's part. */
declare global {
  var mintToken: (topics: string[], publicJwk: object) => Promise<string>;
}

let client: KhalaClient | undefined;
let namespaceOfPage: StoreNamespace | undefined;
const states: ClientState[] = [];
const seen: string[] = [];
let summaries: FollowedDocuments | undefined;

export async function start({ url, namespace, clientBuildId }: PageOptions): Promise<void> {
  // The private key cannot leave the page.
  const proofKey = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, [
    'sign',
    'verify',
  ]);
  const publicJwk = await crypto.subtle.exportKey('jwk', proofKey.publicKey);
  namespaceOfPage = namespace;
  client = createKhalaClient({
    ...{ url, proofKey, clientBuildId, deviceId: namespace.deviceId },
    store: createIndexedDbStore(namespace),
    getSyncToken: async (topics) => ({
      token: await globalThis.mintToken([...topics], publicJwk),
      expires_at: '',
    }),
    onState: (state) => states.push(state),
    // The longest wait that the backoff allows: what comes sooner came by a trigger.
    random: () => 0.999,
  });
  resumeWithPage(client);
}

/** Keeps each event as a document of its own: what is stored twice or not at all shows. */
export function followLog(topic: string): void {
  clientOfPage().subscribe(topic, {
    onEvent: ({ seq }) => void seen.push(String(seq)),
    document: logEntry,
  });
}

function logEntry({ seq, kind, payload }: SyncEvent) {
  return { docKey: String(seq).padStart(10, '0'), docVersion: seq, kind, payload };
}

export async function followSummaries(topic: string): Promise<void> {
  summaries = await followDocuments(clientOfPage(), topic);
}

export function summariesOfThisLife(): string[] {
  return [...(summaries?.documents.keys() ?? [])].sort();
}

export function seenInThisLife(): string[] {
  return seen;
}

export function statesOfThisLife(): string[] {
  return states.map(({ name }) => name);
}

/** Of each connection that was tried, the how manieth in its row. */
export function attemptsOfThisLife(): number[] {
  return states.flatMap((state) => (state.name === 'connecting' ? [state.attempt] : []));
}

export async function stored(topic: string): Promise<{ watermark: string; keys: string[] }> {
  if (!namespaceOfPage) throw new TypeError('the page was not started');
  const { watermark, documents } = await createIndexedDbStore(namespaceOfPage).read(topic);
  return { watermark: String(watermark?.seq), keys: documents.map(({ docKey }) => docKey) };
}

function clientOfPage(): KhalaClient {
  if (!client) throw new TypeError('the page was not started');
  return client;
}
