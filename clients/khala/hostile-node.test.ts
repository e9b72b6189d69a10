/** The client at a node that sends whatever it likes: it neither crashes nor storms, and goes on with the next honest one. */
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import fc from 'fast-check';
import { generateKeyPair, SignJWT } from 'jose';
import { afterEach, expect, test } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { canonicalBytes, hashCanonical } from '#proto/canonical.ts';
import { decodeFrame, encodeFrame, type KhalaMessage } from '#proto/khala-frame.ts';
import { loadFixtures } from '#proto/testing/fixture-files.ts';
import { createKhalaClient } from './client.ts';
import { createMemoryStore } from './memory-store.ts';
import type { KhalaClient } from './types.ts';

const TOPIC = 'run:run_01jd3k5e2cf8zr0q5v7n9m1t4x:events';
const EPOCH = '0d9ad6e5-0ed3-4f2c-8f57-6f5a3f0f4c11';
const HONEST_EVENTS = 5;
const seed = Number(process.env['OA_SEED'] ?? Date.now() % 1_000_000);

const challenge: KhalaMessage = {
  kind: 'challenge',
  nonce: 'bm9uY2Ubm9uY2Ubm9uY2U',
  protocol_version_min: 1,
  protocol_version_max: 1,
  client_build_id_min: '',
  client_build_id_max: '',
  window_expires_at: '',
};
const welcome = (changes: object = {}): KhalaMessage => ({
  kind: 'welcome',
  connection_id: 'c',
  node_id: 'n',
  token_expires_at_ms: 0n,
  heartbeat_interval_ms: 15_000,
  dead_after_ms: 45_000,
  topics_max: 256,
  ...changes,
});

function update(seq: bigint): KhalaMessage {
  const payload = { text: 'x' };
  return {
    kind: 'update',
    topic: TOPIC,
    seq,
    update: {
      seq,
      kind: 'text.delta',
      payload: canonicalBytes(payload),
      payload_hash: hashCanonical(payload),
      recorded_at_ms: 0n,
      doc_key: '',
      doc_version: 0n,
      event_hash: '',
    },
  };
}

/** What an honest node does with one topic of a few events. */
function honest(socket: WebSocket): void {
  const send = (message: KhalaMessage) => socket.send(encodeFrame(message));
  socket.on('message', (data: Buffer) => {
    const message = decodeFrame(data);
    if (message.kind === 'hello') send(welcome());
    if (message.kind !== 'subscribe') return;
    const after = message.resume_after[0]?.seq ?? 0n;
    send({
      kind: 'subscribed',
      topic: TOPIC,
      epoch: EPOCH,
      from_seq: after + 1n,
      head_seq: BigInt(HONEST_EVENTS),
      request_id: message.request_id,
      snapshot_seq: 0n,
      snapshot_url: '',
    });
    for (let seq = after + 1n; seq <= HONEST_EVENTS; seq += 1n) send(update(seq));
    send({ kind: 'caught_up', topic: TOPIC, epoch: EPOCH, seq: BigInt(HONEST_EVENTS) });
  });
  send(challenge);
}

const closing: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function serve(onSocket: (socket: WebSocket, count: number) => void): Promise<string> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  let count = 0;
  server.on('connection', (socket) => {
    count += 1;
    onSocket(socket, count);
  });
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  return `ws://127.0.0.1:${(server.address() as AddressInfo).port}/v1/sync`;
}

async function clientOf(url: string): Promise<KhalaClient> {
  const key = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  const client = createKhalaClient({
    url,
    getSyncToken: async (topics) => ({
      token: await new SignJWT({ topics: [...topics], cnf: { jkt: 'x' } })
        .setProtectedHeader({ alg: 'EdDSA' })
        .setJti('tok_1')
        .setIssuedAt()
        .setExpirationTime('5m')
        .sign(key.privateKey),
      expires_at: '',
    }),
    proofKey: key,
    deviceId: 'device',
    clientBuildId: '20261121T000000Z',
    store: createMemoryStore(),
    random: () => 0,
  });
  closing.push(() => client.close());
  return client;
}

const real = loadFixtures().frames.map(({ hex }) => Buffer.from(hex, 'hex'));

/** A frame of the fixtures with a few bytes of it replaced, or cut, or another one's. */
const brokenFrame = fc
  .tuple(
    fc.constantFrom(...real),
    fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
    fc.nat(),
  )
  .map(([frame, edits, end]) => {
    const broken = Buffer.from(frame);
    for (const [at, byte] of edits) broken[at % broken.length] = byte;
    return edits.length === 0 ? broken.subarray(0, end % broken.length) : broken;
  });

test(`seed ${seed}: broken frames end a socket or a topic with a typed error, and nothing else`, async () => {
  const plans = fc.sample(fc.array(brokenFrame, { minLength: 1, maxLength: 8 }), {
    seed,
    numRuns: 150,
  });
  const url = await serve((socket, count) => {
    const plan = plans[count - 1];
    if (!plan) return honest(socket);
    if (count % 2 === 0) honest(socket);
    for (const frame of plan) socket.send(frame);
    socket.send(Buffer.from([0xff, 0xff]));
    socket.close(4001);
  });
  const client = await clientOf(url);
  const applied: bigint[] = [];
  const faults = new Set<string>();
  // A topic that a node ends is ended; whoever follows it begins anew.
  for (let ended = true; ended; ) {
    ended = false;
    applied.length = 0;
    const subscription = client.subscribe(TOPIC, {
      from: 'beginning',
      onEvent: ({ seq, epoch }) => {
        if (epoch !== EPOCH || seq !== BigInt(applied.length + 1)) faults.add(`seq ${seq}`);
        applied.push(seq);
      },
    });
    const fault = subscription.ended.then(
      () => undefined,
      (error: Error) => error.name,
    );
    const complete = async () => {
      while (applied.length < HONEST_EVENTS) {
        if (client.state.name === 'blocked') client.retryNow();
        await delay(5);
      }
    };
    const name = await Promise.race([fault, complete()]);
    if (name) {
      ended = true;
      expect(['TopicRefusedError', 'StaleCursorError'], `seed ${seed}`).toContain(name);
    }
  }
  expect(applied, `seed ${seed}`).toHaveLength(HONEST_EVENTS);
});

test('a node that asks for a heartbeat all the time gets some', async () => {
  let beats = 0;
  const url = await serve((socket) => {
    socket.on('message', (data: Buffer) => {
      const { kind } = decodeFrame(data);
      if (kind === 'heartbeat') beats += 1;
      if (kind === 'hello') socket.send(encodeFrame(welcome({ heartbeat_interval_ms: 0 })));
    });
    socket.send(encodeFrame(challenge));
  });
  (await clientOf(url)).subscribe(TOPIC, {}).ended.catch(() => undefined);
  await expect.poll(() => beats).toBeGreaterThan(2);
  const before = beats;
  await delay(300);
  expect(beats - before).toBeLessThan(20);
});

test.each<[string, KhalaMessage]>([
  ['RECONNECT', { kind: 'reconnect', after_ms: 2n ** 63n }],
  [
    'ERROR overloaded',
    {
      kind: 'error',
      code: 'overloaded',
      message: '',
      topic: '',
      retry_after_ms: 2n ** 63n,
      request_id: '',
      positions: [],
    },
  ],
])('%s with a wait of all time is waited for, not stormed', async (_, message) => {
  let sockets = 0;
  const url = await serve((socket) => {
    sockets += 1;
    socket.send(encodeFrame(challenge));
    socket.send(encodeFrame(message));
    if (message.kind === 'error') socket.close(4001);
  });
  (await clientOf(url)).subscribe(TOPIC, {}).ended.catch(() => undefined);
  await expect.poll(() => sockets).toBe(1);
  await delay(300);
  expect(sockets).toBe(1);
});
