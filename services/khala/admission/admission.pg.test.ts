/** Who may knock, and how often, at a real node behind a proxy that it trusts. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { CLOSE_CODE } from '#proto/khala-close.ts';
import { KHALA_PROTOCOL } from '#proto/khala-frame.ts';
import { CLIENT_FRAMES_BURST, CONNECTS_PER_ADDRESS_BURST } from '../limits.ts';
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

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let device: Device;
const peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  node = await startNode(issuer, authority.database.khalaUrl, {
    trustedProxies: ['127.0.0.1'],
    socketsPerUserMax: 6,
    socketsPerAddressMax: 3,
  });
});

afterAll(async () => {
  for (const peer of peers) peer.close();
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

function dial(from?: string): RawPeer {
  const peer = new RawPeer(node.url, from === undefined ? {} : { forwardedFor: from });
  peers.push(peer);
  return peer;
}

async function admitted(from?: string, who = device): Promise<RawPeer> {
  const peer = dial(from);
  await peer.admitted(who, await issuer.token(who, { topics: [] }));
  return peer;
}

async function refusal(peer: RawPeer) {
  const { code, message, retry_after_ms } = await peer.next('error');
  const closed = await peer.closed;
  return { code, message, waits: retry_after_ms > 0n, closeCode: closed.code };
}

test('an address holds so many sockets, another one as many, and a closed one makes room', async () => {
  const three = [];
  for (let at = 0; at < 3; at += 1) three.push(await admitted('198.51.100.1'));
  expect(await refusal(dial('203.0.113.9, 198.51.100.1'))).toEqual({
    code: 'overloaded',
    message: 'too many sockets of one address',
    waits: true,
    closeCode: CLOSE_CODE.resume_after,
  });
  await admitted('198.51.100.2');
  three[0]?.close();
  await three[0]?.closed;
  await expect
    .poll(() =>
      admitted('198.51.100.1').then(
        () => 'in',
        () => 'refused',
      ),
    )
    .toBe('in');
  for (const peer of peers) peer.close();
});

test('a user holds so many sockets, from wherever', async () => {
  const user = await issuer.newDevice();
  for (let at = 0; at < 6; at += 1) await admitted(`192.0.2.${at}`, user);
  const seventh = dial('192.0.2.7');
  await seventh.hello(user, await issuer.token(user, { topics: [] }));
  expect(await refusal(seventh)).toMatchObject({ message: 'too many sockets of one user' });
  await admitted('192.0.2.7');
  for (const peer of peers) peer.close();
});

test('frames without end are told when to come again', async () => {
  const peer = await admitted('198.51.100.3');
  for (let frame = 0; frame < CLIENT_FRAMES_BURST + 50; frame += 1) {
    peer.send({ kind: 'heartbeat', sent_at_ms: 0n });
  }
  expect(await refusal(peer)).toMatchObject({ code: 'rate_limited', message: 'too many frames' });
});

test('who knocks without end is answered before the upgrade, and the others are not', {
  timeout: 60_000,
}, async () => {
  const answers = new Map<number | undefined, number>();
  const knock = () =>
    new Promise<void>((resolve) => {
      // Without a key, so that it costs this test no session: counted it is all the same.
      const request = connect(node.port, '127.0.0.1', () =>
        request.write(
          'GET /v1/sync HTTP/1.1\r\nHost: n\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX-Forwarded-For: 198.51.100.4\r\n\r\n',
        ),
      );
      request.once('data', (data) => {
        const status = Number(/^HTTP\/1\.1 (\d+)/.exec(data.toString())?.[1]);
        answers.set(status, (answers.get(status) ?? 0) + 1);
        if (status === 429) expect(data.toString()).toMatch(/Retry-After: [1-9]/);
        request.destroy();
        resolve();
      });
    });
  for (let left = CONNECTS_PER_ADDRESS_BURST + 600; left > 0; left -= 100) {
    await Promise.all(Array.from({ length: 100 }, knock));
  }
  expect(answers.get(400)).toBeGreaterThanOrEqual(CONNECTS_PER_ADDRESS_BURST);
  expect(answers.get(429)).toBeGreaterThan(0);
  await admitted('198.51.100.5');
});

test('a request line that is no URL ends nothing but itself', async () => {
  const status = await new Promise<string>((resolve) => {
    const socket = connect(node.port, '127.0.0.1', () =>
      socket.write(
        'GET // HTTP/1.1\r\nHost: n\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
      ),
    );
    socket.once('data', (data) => resolve(data.toString().slice(0, 12)));
  });
  expect(status).toBe('HTTP/1.1 404');
  const plain = new WebSocket(node.url, [KHALA_PROTOCOL]);
  await new Promise((resolve) => plain.once('open', resolve));
  plain.terminate();
});
