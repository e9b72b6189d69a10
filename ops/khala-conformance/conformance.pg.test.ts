/** The table against one node and against two, each a process of its own. */
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import {
  type NodeProcess,
  serveKeys,
  startNodeProcess,
} from '#services/khala/testing/node-process.ts';
import { freePort } from '../dev/free-port.ts';
import type { Authority } from './authority.ts';
import { CASES } from './cases.ts';
import { createJournalAuthority } from './journal-authority.ts';
import { type Played, playAll } from './play.ts';

/** Short enough that no case waits long, long enough for a busy machine. */
const TIMING = {
  KHALA_HELLO_TIMEOUT_MS: '2500',
  KHALA_HEARTBEAT_INTERVAL_MS: '1000',
  KHALA_DEAD_AFTER_MS: '5000',
  KHALA_STALLED_AFTER_MS: '1500',
  KHALA_SAFETY_POLL_MS: '300',
  KHALA_DRAIN_WINDOW_MS: '1000',
};
const AT_ONCE = 12;
const PATIENCE_MS = 20_000;

let database: TestDatabase;
let keys: Awaited<ReturnType<typeof serveKeys>>;
let authority: Authority;
const nodes: NodeProcess[] = [];

async function startNode(): Promise<NodeProcess> {
  const env = {
    KHALA_DATABASE_URL: database.khalaUrl,
    CONTROL_JWKS_URL: keys.url,
    ...TIMING,
  };
  const node = await startNodeProcess(await freePort(), env);
  nodes.push(node);
  return node;
}

const addressOf = ({ port }: NodeProcess) => `ws://127.0.0.1:${port}/v1/sync`;

beforeAll(async () => {
  database = await testDatabase(['runtime']);
  const pair = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const marks = { kid: 'control-1', alg: 'EdDSA' };
  keys = await serveKeys({ keys: [{ ...(await exportJWK(pair.publicKey)), ...marks }] });
  authority = await createJournalAuthority({
    databaseUrl: database.ownerUrl,
    signingKey: { ...(await exportJWK(pair.privateKey)), ...marks },
    async spareNode() {
      const node = await startNode();
      return { url: addressOf(node), drain: async () => void (await node.kill('SIGTERM')) };
    },
  });
});

afterAll(async () => {
  await Promise.all(nodes.map((node) => node.kill('SIGKILL')));
  await authority?.close();
  keys?.server.close();
  await database?.[Symbol.asyncDispose]();
});

describe.each([1, 2])('against %i of the nodes', (count) => {
  const played = new Map<string, Played>();

  beforeAll(async () => {
    const urls = (await Promise.all(Array.from({ length: count }, startNode))).map(addressOf);
    const options = {
      urls,
      authority,
      patienceMs: PATIENCE_MS,
      stalledAfterMs: Number(TIMING.KHALA_STALLED_AFTER_MS),
      atOnce: AT_ONCE,
    };
    for (const each of await playAll(CASES, options)) played.set(each.case.name, each);
  });

  test.each(CASES)('$name', ({ name }) => {
    const { outcome, detail } = played.get(name) ?? { outcome: 'not run', detail: 'twice' };
    expect({ outcome, detail }).toEqual({ outcome: 'passed', detail: '' });
  });
});
