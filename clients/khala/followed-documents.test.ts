/** The whole client against a server that speaks the contract over real sockets and HTTP. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT } from 'jose';
import { expect, test } from 'vitest';
import { createKhalaClient } from './client.ts';
import { type FollowedDocuments, followDocuments } from './followed-documents.ts';
import { createMemoryStore } from './memory-store.ts';
import { type ContractNode, startContractNode } from './testing/contract-node.ts';
import { TOPIC } from './testing/snapshot-replies.ts';
import type { ClientState, KhalaClient } from './types.ts';
import type { WatermarkStore } from './watermark-store.ts';

interface Viewer extends FollowedDocuments {
  client: KhalaClient;
  states: ClientState[];
}

async function view(node: ContractNode, store: WatermarkStore): Promise<Viewer> {
  const proofKey = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const jkt = await calculateJwkThumbprint(await exportJWK(proofKey.publicKey));
  const states: ClientState[] = [];
  const client = createKhalaClient({
    ...{ url: node.url, proofKey, store, deviceId: 'd', clientBuildId: '20261121T000000Z' },
    onState: (state) => states.push(state),
    getSyncToken: async (topics) => ({
      token: await new SignJWT({ topics: [...topics], cnf: { jkt } })
        .setProtectedHeader({ alg: 'HS256' })
        .setJti('t')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(new TextEncoder().encode('a key that nobody here verifies, 32 b')),
      expires_at: '',
    }),
  });
  const caughtUp = Promise.withResolvers<void>();
  const followed = await followDocuments(client, TOPIC, { onCaughtUp: caughtUp.resolve });
  await caughtUp.promise;
  return { ...followed, client, states };
}

const contentOf = ({ documents }: FollowedDocuments) =>
  [...documents.values()].map(({ docKey, docVersion }) => `${docKey}@${docVersion}`).sort();

const rows = (...texts: string[]) =>
  texts.map((text) => {
    const [docKey = '', version = '0'] = text.split('@');
    return { docKey, docVersion: BigInt(version) };
  });

test('a summary topic begins at its snapshot and ends at what is now', async () => {
  await using node = await startContractNode();
  node.rows = rows('a@1', 'b@2', 'a@3', 'c@4');
  node.snapshotSeq = 2;
  node.announcedSeq = 2;
  const viewer = await view(node, createMemoryStore());
  expect(node.cursors).toEqual([undefined]);
  expect(contentOf(viewer)).toEqual(['a@3', 'b@2', 'c@4']);
  await expect.poll(() => viewer.client.state.name).toBe('live');
  await viewer.client.close();
});

test('a snapshot newer than the announced one loses nothing, and an older version never returns', async () => {
  await using node = await startContractNode();
  node.rows = rows('a@1', 'b@2', 'a@9', 'a@3', 'c@4');
  node.announcedSeq = 1;
  node.snapshotSeq = 3;
  const viewer = await view(node, createMemoryStore());
  expect(contentOf(viewer)).toEqual(['a@9', 'b@2', 'c@4']);
  await viewer.client.close();
});

test('the next life shows what was kept, and continues after it', async () => {
  await using node = await startContractNode();
  node.rows = rows('a@1', 'b@2');
  const store = createMemoryStore();
  const first = await view(node, store);
  await first.client.close();
  node.rows.push(...rows('a@3'));
  const second = await view(node, store);
  expect(node.cursors).toEqual([undefined, 'e1:2']);
  expect(contentOf(second)).toEqual(['a@3', 'b@2']);
  expect((await store.read(TOPIC)).watermark?.seq).toBe(3n);
  await second.client.close();
});

test('a restored lineage replaces what was kept, with its snapshot or from its first event', async () => {
  await using node = await startContractNode();
  const store = createMemoryStore();
  await store.replace(TOPIC, { epoch: 'e1', seq: 40n }, [
    { docKey: 'gone', docVersion: 40n, kind: 'run.summary', payload: {} },
  ]);
  node.epoch = 'e2';
  node.rows = rows('a@1', 'b@2');
  const first = await view(node, store);
  expect(contentOf(first)).toEqual(['a@1', 'b@2']);
  await first.client.close();

  node.epoch = 'e3';
  node.rows = rows('a@1', 'b@2', 'd@3');
  node.snapshotSeq = 2;
  node.announcedSeq = 2;
  const second = await view(node, store);
  expect(contentOf(second)).toEqual(['a@1', 'b@2', 'd@3']);
  expect((await store.read(TOPIC)).watermark).toEqual({ epoch: 'e3', seq: 3n });
  await second.client.close();
});
