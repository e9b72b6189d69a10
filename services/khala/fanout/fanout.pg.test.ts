import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { freePort } from '#ops/dev/free-port.ts';
import type { FanoutMetrics } from '#proto/gen/types.ts';
import {
  bodySha256,
  createAssertionSigner,
  INTERNAL_ASSERTION_HEADER,
} from '#services/shared/internal-assertion.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
} from '../testing/harness.ts';
import { type NodeProcess, serveKeys, startNodeProcess } from '../testing/node-process.ts';
import { RawPeer } from '../testing/raw-peer.ts';

const PATH = '/internal/v1/khala/fanout/metrics';

let authority: Authority;
let issuer: Issuer;
let device: Device;
let keys: Awaited<ReturnType<typeof serveKeys>>;
let node: NodeProcess;
let directory: string;
let sign: ReturnType<typeof createAssertionSigner>;

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  keys = await serveKeys(issuer.keys.jwks());
  directory = mkdtempSync(join(tmpdir(), 'oa-fanout-'));
  const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519' });
  const publicJwk = { ...(await exportJWK(publicKey)), kid: 'control', alg: 'EdDSA' };
  const file = join(directory, 'trusted.json');
  writeFileSync(file, JSON.stringify({ keys: [publicJwk] }));
  sign = createAssertionSigner({ key: { kid: 'control', privateKey, publicJwk } });
  node = await startNodeProcess(await freePort(), {
    KHALA_DATABASE_URL: authority.database.khalaUrl,
    CONTROL_JWKS_URL: keys.url,
    KHALA_NODE_ID: 'node_one',
    OA_TRUSTED_SERVICES_FILE: file,
  });
});
afterAll(async () => {
  await node?.kill('SIGKILL');
  await new Promise((resolve) => keys?.server.close(resolve));
  await authority?.[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

async function ask(headers: Record<string, string>, query = '') {
  const answer = await fetch(`http://127.0.0.1:${node.port}${PATH}${query}`, { headers });
  const json = (await answer.json()) as FanoutMetrics & { code?: string };
  return { status: answer.status, json };
}

async function operator(scopes: string[]): Promise<Record<string, string>> {
  const token = await issuer.token(device, {
    topics: [],
    audience: 'openagents-runtime',
    claims: { scopes },
  });
  return { authorization: `Bearer ${token}` };
}

test('an operator sees what the node delivers, by topic, and why it last refused', async () => {
  const { runId, topic } = await authority.newRun(device);
  const { topic: quiet } = await authority.newRun(device);
  await authority.append(runId, 20);
  const peer = new RawPeer(`ws://127.0.0.1:${node.port}/v1/sync`);
  await peer.admitted(device, await issuer.token(device, { topics: [topic, quiet] }));
  peer.subscribe([topic, quiet]);
  await peer.next('caught_up');
  await peer.next('caught_up');
  peer.subscribe([quiet], [{ topic: quiet, epoch: '', seq: 9n }]);
  await peer.next('snapshot_required');

  const { status, json } = await ask(await operator(['ops.read']));
  expect([status, json]).toMatchObject([
    200,
    {
      node_id: 'node_one',
      driver: 'postgres',
      // The node follows revocations itself.
      topics_of_interest: '2',
      delivery_metrics: { served_messages: '20', active_consumers: '1' },
      topic_windows: [
        {
          topic,
          topic_class: 'run_events',
          subscribers: '1',
          oldest_sequence: '1',
          head_sequence: '20',
          queue_depth: '0',
          served_messages: '20',
        },
        { topic: 'system:revocations' },
      ],
    },
  ]);
  expect((await ask(await operator(['ops.read']), '?topic_limit=0')).json.topic_windows).toEqual(
    [],
  );

  peer.close();
  await peer.closed;
  const after = async () => (await ask(await operator(['ops.read']))).json.delivery_metrics;
  await expect.poll(after).toMatchObject({
    active_consumers: '0',
    recent_disconnect_causes: ['connection_lost'],
  });
});

test('one of our services sees the same by an assertion, once', async () => {
  const call = { method: 'GET', target: PATH, bodySha256: bodySha256() };
  const headers = { [INTERNAL_ASSERTION_HEADER]: await sign('khala', call) };
  expect((await ask(headers)).status).toBe(200);
  expect((await ask(headers)).status).toBe(401);
});

test('nobody else does', async () => {
  expect((await ask({})).status).toBe(401);
  expect((await ask(await operator(['runtime.read']))).status).toBe(403);
  const syncToken = await issuer.token(device, { topics: [] });
  expect((await ask({ authorization: `Bearer ${syncToken}` })).status).toBe(401);
  const bad = await ask(await operator(['ops.read']), '?topic_limit=many');
  expect([bad.status, bad.json.code]).toEqual([422, 'invalid_request']);
});
