/** Two nodes on one database: who was revoked is heard no more, on whichever node the socket hangs. */
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RevocationTarget } from '#db/runtime/revocations.ts';
import { CLOSE_CODE } from '#proto/khala-close.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
} from '../testing/harness.ts';
import { RawPeer } from '../testing/raw-peer.ts';
import { revoke } from '../testing/revoke.ts';
import { startTcpProxy } from '../testing/tcp-proxy.ts';

let authority: Authority;
let issuer: Issuer;
let nodes: [RunningNode, RunningNode];
const peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  // So rare that only hints and the look at revocations bring anything.
  const start = () => startNode(issuer, authority.database.khalaUrl, { safetyPollMs: 60_000 });
  nodes = [await start(), await start()];
});

afterAll(async () => {
  for (const peer of peers) peer.close();
  await Promise.all(nodes?.map((node) => node.stop()) ?? []);
  await authority?.[Symbol.asyncDispose]();
});

interface Reader {
  peer: RawPeer;
  device: Device;
  token: string;
  topic: string;
  append(count: number): Promise<bigint>;
}

function dial(node: RunningNode): RawPeer {
  const peer = new RawPeer(node.url);
  peers.push(peer);
  peer.keepAlive(1_000);
  return peer;
}

async function reader(node: RunningNode, device: Device): Promise<Reader> {
  const { runId, topic } = await authority.newRun({ userId: device.userId });
  const token = await issuer.token(device, { topics: [topic] });
  const peer = dial(node);
  await peer.admitted(device, token);
  peer.subscribe([topic]);
  await peer.next('caught_up');
  return {
    ...{ peer, device, token, topic },
    append: (count) => authority.append(runId, count),
  };
}

async function ending(peer: RawPeer) {
  const error = await peer.next('error');
  const { code } = await peer.closed;
  return { code: error.code, message: error.message, closeCode: code };
}

async function helloOutcome(node: RunningNode, device: Device, token: string) {
  const peer = dial(node);
  await peer.hello(device, token);
  return peer.next('welcome').then(
    () => 'admitted',
    () => ending(peer).catch(() => peer.received.at(-1)),
  );
}

const KINDS: [string, (reader: Reader) => RevocationTarget, string, number][] = [
  [
    'a token',
    ({ token }) => ({ jti: decodeJwt(token).jti ?? '' }),
    'token revoked',
    CLOSE_CODE.refresh_token,
  ],
  [
    'a session',
    ({ device }) => ({ session_id: device.sessionId }),
    'session revoked',
    CLOSE_CODE.log_in,
  ],
  [
    'a device',
    ({ device }) => ({ device_id: device.deviceId }),
    'device revoked',
    CLOSE_CODE.log_in,
  ],
  ['a user', ({ device }) => ({ user_id: device.userId }), 'user revoked', CLOSE_CODE.log_in],
];

describe.each(KINDS)('%s that is revoked', (_, target, message, closeCode) => {
  test('is silent on both nodes, is not let in again, and nobody else notices', async () => {
    const device = await issuer.newDevice();
    const gone = [await reader(nodes[0], device), await reader(nodes[1], device)];
    const bystander = await reader(nodes[0], await issuer.newDevice());
    await revoke(authority, gone.map(target));
    for (const { peer } of gone) {
      expect(await ending(peer)).toEqual({ code: 'reauth_required', message, closeCode });
    }
    for (const { append } of gone) await append(5);
    await bystander.append(1);
    await bystander.peer.next('update');
    for (const { peer } of gone) {
      expect(peer.received.some(({ kind }) => kind.startsWith('update'))).toBe(false);
    }
    for (const [index, { token }] of gone.entries()) {
      expect(await helloOutcome(nodes[index === 0 ? 1 : 0], device, token)).not.toBe('admitted');
    }
    bystander.peer.close();
  });
});

test('who was let in again after a revocation stays', async () => {
  const device = await issuer.newDevice();
  await revoke(authority, [{ user_id: device.userId }]);
  const issuedAtS = Math.floor(Date.now() / 1000) + 1;
  const token = await issuer.token(device, { topics: [], issuedAtS });
  expect(await helloOutcome(nodes[0], device, token)).toBe('admitted');
});

test('a refresh with a revoked token ends the socket', async () => {
  const device = await issuer.newDevice();
  const first = await issuer.token(device, { topics: [] });
  const second = await issuer.token(device, { topics: [] });
  const peer = dial(nodes[0]);
  const { nonce } = await peer.answerChallenge(device, first);
  await peer.next('welcome');
  await revoke(authority, [{ jti: decodeJwt(second).jti ?? '' }]);
  await expect.poll(() => helloOutcome(nodes[0], device, second)).not.toBe('admitted');
  await peer.refresh(device, second, nonce);
  expect(await ending(peer)).toMatchObject({ code: 'reauth_required', message: 'token revoked' });
});

test('a lost membership ends that organisation’s topics and leaves the others', async () => {
  const device = await issuer.newDevice();
  const own = await authority.newRun({ userId: device.userId });
  const ofOrg = await authority.newRun({ orgId: device.orgId });
  const token = await issuer.token(device, { topics: [own.topic, ofOrg.topic] });
  const peer = dial(nodes[1]);
  await peer.admitted(device, token);
  peer.subscribe([own.topic, ofOrg.topic]);
  await peer.next('caught_up');
  await peer.next('caught_up');
  await revoke(authority, [{ user_id: device.userId, org_id: device.orgId }]);
  expect(await peer.next('error')).toMatchObject({
    topic: ofOrg.topic,
    code: 'forbidden_topic',
    message: 'membership revoked',
  });
  await authority.append(ofOrg.runId, 3);
  await authority.append(own.runId, 3);
  const { topic } = await peer.next('update_batch');
  expect(topic).toBe(own.topic);
  peer.subscribe([ofOrg.topic]);
  expect(await peer.next('error')).toMatchObject({ topic: ofOrg.topic });
  peer.close();
});

test('a node that starts later knows who was revoked before', async () => {
  const device = await issuer.newDevice();
  const token = await issuer.token(device, { topics: [] });
  await revoke(authority, [{ session_id: device.sessionId }]);
  const late = await startNode(issuer, authority.database.khalaUrl);
  expect(await helloOutcome(late, device, token)).toMatchObject({ code: 'reauth_required' });
  await late.stop();
});

test('a revocation whose hint is lost is found by looking', async () => {
  const device = await issuer.newDevice();
  const { peer } = await reader(nodes[0], device);
  authority.hinting = false;
  await revoke(authority, [{ session_id: device.sessionId }]);
  authority.hinting = true;
  expect(await ending(peer)).toMatchObject({ message: 'session revoked' });
});

test('more revocations at once than the tail holds, the last of them counts', async () => {
  const device = await issuer.newDevice();
  const { peer } = await reader(nodes[0], device);
  const others = Array.from({ length: 900 }, (_, index) => ({ jti: `tok_${index}` }));
  await revoke(authority, [...others, { session_id: device.sessionId }]);
  expect(await ending(peer)).toMatchObject({ message: 'session revoked' });
});

test('another lineage makes the table be read again', async () => {
  const device = await issuer.newDevice();
  const { peer } = await reader(nodes[0], device);
  await authority.database.owner`
    update runtime.sync_topics set epoch = gen_random_uuid() where topic = 'system:revocations'`;
  await authority.database.owner`
    insert into runtime.sync_revocations (session_id, not_before, expires_at)
    values (${device.sessionId}, now(), now() + interval '1 hour')`;
  expect(await ending(peer)).toMatchObject({ message: 'session revoked' });
  const after = await reader(nodes[0], await issuer.newDevice());
  await revoke(authority, [{ session_id: after.device.sessionId }]);
  expect(await ending(after.peer)).toMatchObject({ message: 'session revoked' });
});

test('a node that cannot follow admits nobody, then keeps nobody, and recovers by itself', async () => {
  const real = new URL(authority.database.khalaUrl);
  const line = await startTcpProxy({ host: real.hostname, port: Number(real.port) });
  const throughLine = new URL(real);
  throughLine.port = String(line.port);
  const revocationTiming = { lookEveryMs: 100, lagMaxMs: 500, blindMs: BLIND_MS };
  const node = await startNode(issuer, throughLine.href, { revocationTiming });
  const device = await issuer.newDevice();
  const { peer, token, topic, append } = await reader(node, device);

  const downAtMs = performance.now();
  line.down();
  const refused = { code: 'overloaded', message: 'revocations unknown', closeCode: 4001 };
  await expect.poll(() => refusal(node), { timeout: 10_000, interval: 200 }).toMatchObject(refused);
  expect(peer.received.some(({ kind }) => kind === 'error')).toBe(false);
  expect(await ending(peer)).toEqual(refused);
  expect(performance.now() - downAtMs).toBeGreaterThan(BLIND_MS - 200);

  line.restore();
  await expect.poll(() => helloOutcome(node, device, token), { timeout: 20_000 }).toBe('admitted');
  const again = dial(node);
  await again.admitted(device, token);
  again.subscribe([topic]);
  await again.next('caught_up');
  await append(1);
  await again.next('update');
  await node.stop();
  await line.close();
});

/** Long enough to see that nobody is admitted while others stay. */
const BLIND_MS = 3_000;

/** Before a word is said. */
async function refusal(node: RunningNode) {
  const peer = dial(node);
  const error = await Promise.race([
    peer.next('error'),
    new Promise<undefined>((resolve) => setTimeout(resolve, 150, undefined)),
  ]).catch(() => undefined);
  if (!error) {
    peer.close();
    return undefined;
  }
  return { code: error.code, message: error.message, closeCode: (await peer.closed).code };
}
