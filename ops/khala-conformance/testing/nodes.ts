/** Node processes on a database of their own, and an authority that they believe. */
import { exportJWK, generateKeyPair } from 'jose';
import { testDatabase } from '#db/testing/database.ts';
import {
  type NodeProcess,
  serveKeys,
  startNodeProcess,
} from '#services/khala/testing/node-process.ts';
import { freePort } from '../../dev/free-port.ts';
import type { Authority } from '../authority.ts';
import { createJournalAuthority } from '../journal-authority.ts';

export interface TestNodes {
  authority: Authority;
  urls: readonly string[];
  pids: readonly number[];
  stop(): Promise<void>;
}

export async function startNodes(settings: Record<string, string>, count = 1): Promise<TestNodes> {
  const database = await testDatabase(['runtime']);
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const marks = { kid: 'control-1', alg: 'EdDSA' };
  const keys = await serveKeys({ keys: [{ ...(await exportJWK(pair.publicKey)), ...marks }] });
  const nodes: NodeProcess[] = [];

  async function startNode(): Promise<NodeProcess> {
    const node = await startNodeProcess(await freePort(), {
      KHALA_DATABASE_URL: database.khalaUrl,
      CONTROL_JWKS_URL: keys.url,
      ...settings,
    });
    nodes.push(node);
    return node;
  }

  const authority = await createJournalAuthority({
    databaseUrl: database.ownerUrl,
    signingKey: { ...(await exportJWK(pair.privateKey)), ...marks },
    async spareNode() {
      const node = await startNode();
      return { url: addressOf(node), drain: async () => void (await node.kill('SIGTERM')) };
    },
  });
  const shared = await Promise.all(Array.from({ length: count }, startNode));
  return {
    authority,
    urls: shared.map(addressOf),
    pids: shared.map(({ child }) => child.pid ?? 0),
    async stop() {
      await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
      await authority.close();
      keys.server.close();
      await database[Symbol.asyncDispose]();
    },
  };
}

function addressOf({ port }: NodeProcess): string {
  return `ws://127.0.0.1:${port}/v1/sync`;
}
