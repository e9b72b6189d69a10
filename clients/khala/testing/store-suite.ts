/** What every store must do, as cases that run wherever the store lives: in Node, or in a page. */
import type { JsonValue } from '#proto/canonical.ts';
import {
  holdsDocuments,
  type StoreNamespace,
  type SyncDocument,
  type WatermarkStore,
} from '../watermark-store.ts';

export interface StoreUnderTest {
  /** Another life of the same store. */
  open(namespace: StoreNamespace): Promise<WatermarkStore>;
  /** Does to what is stored what a later build may do: more stores, more fields, a higher schema version. */
  raise?(namespace: StoreNamespace): Promise<void>;
  /** The schema version in the topic's row, as a later build finds it. */
  schemaVersionOf?(namespace: StoreNamespace, topic: string): Promise<number>;
}

/** Not every store holds documents, and what lives in memory has no versions. */
export type StoreOffer = 'documents' | 'versions';

export interface StoreCase {
  name: string;
  needs?: readonly StoreOffer[];
  run(store: StoreUnderTest): Promise<unknown>;
  /** What `run` answers; texts instead of bigints, as it may come out of a page. */
  expected: unknown;
}

/** A namespace of its own for each case. */
let cases = 0;
function newNamespace(changes: Partial<StoreNamespace> = {}): StoreNamespace {
  return { userId: `user-${cases}`, orgId: 'o', deviceId: 'd', ...changes };
}

const at = (seq: number | bigint, epoch = 'e') => ({ epoch, seq: BigInt(seq) });

function document(docKey: string, version: number, payload = `v${version}`): SyncDocument {
  return { docKey, docVersion: BigInt(version), kind: 'run.summary', payload };
}

async function positionIn(store: WatermarkStore, topic = 't'): Promise<string> {
  const watermark = await store.load(topic);
  return watermark ? `${watermark.epoch}:${watermark.seq}` : 'none';
}

async function contentOf(store: WatermarkStore, topic = 't'): Promise<string[]> {
  const { watermark, documents } = await documentsIn(store).read(topic);
  const texts = documents.map(({ docKey, payload }) => `${docKey}=${payload}`).sort();
  return [watermark ? `${watermark.epoch}:${watermark.seq}` : 'none', ...texts];
}

function documentsIn(store: WatermarkStore) {
  if (!holdsDocuments(store)) throw new TypeError('this store holds no documents');
  return store;
}

const LARGE_SEQ = 2n ** 62n + 1n;

export const STORE_CASES: readonly StoreCase[] = [
  {
    name: 'the next life reads what the last one saved, up to 64 bits',
    async run({ open }) {
      const namespace = newNamespace();
      await (await open(namespace)).save('t', at(LARGE_SEQ));
      return positionIn(await open(namespace));
    },
    expected: `e:${LARGE_SEQ}`,
  },
  ...(['userId', 'orgId', 'deviceId'] as const).map((name) => ({
    name: `another ${name} has watermarks of its own`,
    async run({ open }: StoreUnderTest) {
      const namespace = newNamespace();
      await (await open(namespace)).save('t', at(1));
      return positionIn(await open({ ...namespace, [name]: 'other' }));
    },
    expected: 'none',
  })),
  {
    name: 'ids that look alike when they are joined are two namespaces',
    async run({ open }) {
      await (await open(newNamespace({ orgId: 'a/b', deviceId: 'c' }))).save('t', at(1));
      return positionIn(await open(newNamespace({ orgId: 'a', deviceId: 'b/c' })));
    },
    expected: 'none',
  },
  {
    name: 'two lives at once do not disturb each other’s topics',
    async run({ open }) {
      const namespace = newNamespace();
      const [one, other] = await Promise.all([open(namespace), open(namespace)]);
      const seqs = Array.from({ length: 20 }, (_, index) => index + 1);
      await Promise.all([
        (async () => {
          for (const seq of seqs) await one.save('a', at(seq));
        })(),
        (async () => {
          for (const seq of seqs) await other.save('b', at(seq));
        })(),
      ]);
      return [await positionIn(other, 'a'), await positionIn(one, 'b')];
    },
    expected: ['e:20', 'e:20'],
  },
  {
    name: 'what is forgotten is gone, and its neighbour is not',
    async run({ open }) {
      const store = await open(newNamespace());
      await store.save('t', at(1));
      await store.save('t2', at(2));
      await store.forget('t');
      await store.forget('never-known');
      return [await positionIn(store), await positionIn(store, 't2')];
    },
    expected: ['none', 'e:2'],
  },
  {
    name: 'documents and watermark come back together',
    needs: ['documents'],
    async run({ open }) {
      const namespace = newNamespace();
      await documentsIn(await open(namespace)).apply('t', at(2), [document('a', 1)]);
      return contentOf(await open(namespace));
    },
    expected: ['e:2', 'a=v1'],
  },
  {
    name: 'a document never goes back to an older version',
    needs: ['documents'],
    async run({ open }) {
      const store = documentsIn(await open(newNamespace()));
      await store.apply('t', at(2), [document('a', 9), document('b', 1)]);
      await store.apply('t', at(3), [document('a', 8), document('b', 2)]);
      return contentOf(store);
    },
    expected: ['e:3', 'a=v9', 'b=v2'],
  },
  {
    name: 'versions are compared as numbers',
    needs: ['documents'],
    async run({ open }) {
      const store = documentsIn(await open(newNamespace()));
      await store.apply('t', at(1), [document('a', 9)]);
      await store.apply('t', at(2), [document('a', 10)]);
      return contentOf(store);
    },
    expected: ['e:2', 'a=v10'],
  },
  {
    name: 'what another reader has applied is not applied again',
    needs: ['documents'],
    async run({ open }) {
      const namespace = newNamespace();
      const ahead = documentsIn(await open(namespace));
      const behind = documentsIn(await open(namespace));
      await ahead.apply('t', at(7), [document('a', 7)]);
      await behind.apply('t', at(5), [document('b', 5)]);
      return contentOf(behind);
    },
    expected: ['e:7', 'a=v7'],
  },
  {
    name: 'a topic of a newer lineage is not written by a reader of the old one',
    needs: ['documents'],
    async run({ open }) {
      const store = documentsIn(await open(newNamespace()));
      await store.apply('t', at(50), [document('a', 50)]);
      await store.replace('t', at(3, 'restored'), [document('a', 2)]);
      await store.apply('t', at(51), [document('a', 51)]);
      return contentOf(store);
    },
    expected: ['restored:3', 'a=v2'],
  },
  {
    name: 'a snapshot replaces what was there, older versions and absent keys too',
    needs: ['documents'],
    async run({ open }) {
      const store = documentsIn(await open(newNamespace()));
      await store.apply('t', at(5), [document('a', 5), document('gone', 1)]);
      await store.apply('t-other', at(1), [document('kept', 1)]);
      await store.replace('t', at(9), [document('a', 3), document('b', 1)]);
      return [...(await contentOf(store)), ...(await contentOf(store, 't-other'))];
    },
    expected: ['e:9', 'a=v3', 'b=v1', 'e:1', 'kept=v1'],
  },
  {
    name: 'a step of which one document cannot be stored leaves nothing behind',
    needs: ['documents', 'versions'],
    async run({ open }) {
      const store = documentsIn(await open(newNamespace()));
      await store.apply('t', at(5), [document('a', 5)]);
      const unstorable = { ...document('b', 6), payload: (() => 6) as unknown as JsonValue };
      const outcome = await store.apply('t', at(6), [document('a', 6), unstorable]).then(
        () => 'stored',
        (fault: Error) => fault.name,
      );
      return [outcome, ...(await contentOf(store))];
    },
    expected: ['DataCloneError', 'e:5', 'a=v5'],
  },
  {
    name: 'what is forgotten takes its documents with it',
    needs: ['documents'],
    async run({ open }) {
      const store = documentsIn(await open(newNamespace()));
      await store.apply('t', at(5), [document('a', 5)]);
      await store.forget('t');
      return contentOf(store);
    },
    expected: ['none'],
  },
  {
    name: 'a store that a later build has raised still serves this one',
    needs: ['versions'],
    async run({ open, raise }) {
      const namespace = newNamespace();
      await (await open(namespace)).save('t', at(5));
      await raise?.(namespace);
      const older = await open(namespace);
      const found = await positionIn(older);
      await older.save('t', at(6));
      return [found, await positionIn(await open(namespace))];
    },
    expected: ['e:5', 'e:6'],
  },
  {
    name: 'a build that was back in between is seen by the later one',
    needs: ['versions'],
    async run({ open, raise, schemaVersionOf }) {
      const namespace = newNamespace();
      await (await open(namespace)).save('untouched', at(5));
      await (await open(namespace)).save('touched', at(5));
      await raise?.(namespace);
      await (await open(namespace)).save('touched', at(6));
      return [
        await schemaVersionOf?.(namespace, 'untouched'),
        await schemaVersionOf?.(namespace, 'touched'),
      ];
    },
    expected: [2, 1],
  },
  {
    name: 'a store that is open while a later build raises it goes on',
    needs: ['versions'],
    async run({ open, raise }) {
      const namespace = newNamespace();
      const store = await open(namespace);
      await store.save('t', at(5));
      await raise?.(namespace);
      await store.save('t', at(6));
      return positionIn(store);
    },
    expected: 'e:6',
  },
];

export async function runCase(storeCase: StoreCase, store: StoreUnderTest): Promise<unknown> {
  cases += 1;
  return storeCase.run(store);
}
