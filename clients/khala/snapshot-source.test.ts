/** Against a server on a real socket that answers as the contract says, or worse. */
import { calculateJwkThumbprint, exportJWK, generateKeyPair, jwtVerify, SignJWT } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { hangUp, type Reply, serve } from '../api/testing/server.ts';
import { SnapshotUnreadableError, TopicRefusedError } from './errors.ts';
import { createProver } from './proof.ts';
import { createSnapshotSource } from './snapshot-source.ts';
import {
  SNAPSHOT_PATH,
  snapshotDocument,
  snapshotReply,
  statusReply,
  TOPIC,
} from './testing/snapshot-replies.ts';
import { createTokenSource } from './token-source.ts';
import type { Clock } from './types.ts';

let key: CryptoKeyPair;
let jkt: string;
const secret = new TextEncoder().encode('a key for unsigned purposes only, 32 bytes');
const ISSUED_AT_S = 1_800_000_000;

beforeAll(async () => {
  key = (await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true })) as CryptoKeyPair;
  jkt = await calculateJwkThumbprint(await exportJWK(key.publicKey));
});

type CryptoKeyPair = Awaited<ReturnType<typeof generateKeyPair>>;

/** A client whose clock is an hour behind and whose waiting takes no time. */
function sourceOf(origin: string, { bound = true } = {}) {
  const waits: number[] = [];
  let mints = 0;
  const clock: Clock = {
    nowMs: () => (ISSUED_AT_S - 3_600) * 1_000,
    after(delayMs, callback) {
      waits.push(delayMs);
      const timer = setTimeout(callback, 0);
      return () => clearTimeout(timer);
    },
  };
  const tokens = createTokenSource(async (topics) => {
    mints += 1;
    const token = await new SignJWT({ topics: [...topics], ...(bound ? { cnf: { jkt } } : {}) })
      .setProtectedHeader({ alg: 'HS256' })
      .setJti(`tok-${mints}`)
      .setIssuedAt(ISSUED_AT_S)
      .setExpirationTime(ISSUED_AT_S + 300)
      .sign(secret);
    return { token, expires_at: '' };
  }, clock);
  const fetchSnapshot = createSnapshotSource({
    url: `${origin.replace('http', 'ws')}/v1/sync`,
    clock,
    random: () => 0.5,
    prove: createProver(key).request,
    obtainToken: () => tokens.obtain([TOPIC]),
    renewToken: () => tokens.renew([TOPIC]),
    fetch: (url, init) => fetch(url, init),
  });
  const get = (signal = new AbortController().signal) =>
    fetchSnapshot(TOPIC, SNAPSHOT_PATH, 'e1', signal);
  return { get, waits, mints: () => mints };
}

test('a whole snapshot is read', async () => {
  await using server = await serve(snapshotReply());
  expect(await sourceOf(server.url).get()).toEqual({
    topic: TOPIC,
    epoch: 'e1',
    asOfSeq: 7n,
    documents: [{ docKey: 'run_1', docVersion: 4n, kind: 'run.summary', payload: { a: 1 } }],
  });
});

test('the request proves the key of the token, by the issuer’s clock', async () => {
  await using server = await serve(snapshotReply());
  await sourceOf(server.url).get();
  const [seen] = server.seen;
  expect(seen?.path).toBe(SNAPSHOT_PATH);
  const token = /^DPoP (.+)$/.exec(seen?.headers.authorization ?? '')?.[1] ?? '';
  const { payload, protectedHeader } = await jwtVerify(
    String(seen?.headers['dpop']),
    key.publicKey,
    { typ: 'dpop+jwt', currentDate: new Date(ISSUED_AT_S * 1_000), maxTokenAge: '5s' },
  );
  expect(await calculateJwkThumbprint(protectedHeader.jwk ?? {})).toBe(jkt);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(token));
  expect(payload).toMatchObject({
    htm: 'GET',
    htu: `${server.url}${SNAPSHOT_PATH}`,
    ath: Buffer.from(digest).toString('base64url'),
    jti: expect.stringMatching(/^[0-9a-f-]{36}$/),
  });
});

test('a token without a key is sent as it is', async () => {
  await using server = await serve(snapshotReply());
  await sourceOf(server.url, { bound: false }).get();
  expect(server.seen[0]?.headers.authorization).toMatch(/^Bearer /);
  expect(server.seen[0]?.headers['dpop']).toBeUndefined();
});

test.each<[string, Reply]>([
  ['gone', statusReply(410)],
  ['not there', statusReply(404)],
  [
    'of another lineage',
    snapshotReply(snapshotDocument({ epoch: 'e2' }), { headers: { 'khala-epoch': 'e2' } }),
  ],
])('a snapshot that is %s has moved', async (_, reply) => {
  await using server = await serve(reply);
  expect(await sourceOf(server.url).get()).toBe('moved');
});

test('a server that is away, busy or restarting is asked again, after what it says', async () => {
  await using server = await serve(
    hangUp,
    statusReply(503),
    statusReply(429, { 'retry-after': '3' }),
    snapshotReply(),
  );
  const { get, waits } = sourceOf(server.url);
  expect(await get()).toMatchObject({ asOfSeq: 7n });
  expect(waits).toEqual([125, 250, 3_125]);
});

test('a refused token is replaced, and a refusal that stays ends the topic', async () => {
  await using once = await serve(statusReply(401), snapshotReply());
  const first = sourceOf(once.url);
  await first.get();
  expect(first.mints()).toBe(2);
  await using always = await serve(statusReply(401));
  await expect(sourceOf(always.url).get()).rejects.toThrow(TopicRefusedError);
  await using forbidden = await serve(statusReply(403));
  await expect(sourceOf(forbidden.url).get()).rejects.toThrow(TopicRefusedError);
});

describe('what is not whole is not used', () => {
  const whole = snapshotDocument();
  test.each<[string, Reply]>([
    [
      'other bytes',
      snapshotReply(whole, { served: JSON.stringify(snapshotDocument({ items: [] })) }),
    ],
    ['half the bytes', snapshotReply(whole, { served: JSON.stringify(whole).slice(0, 40) })],
    ['no digest', snapshotReply(whole, { headers: { 'repr-digest': '' } })],
    ['another digest', snapshotReply(whole, { headers: { 'repr-digest': 'sha-512=:AAAA:' } })],
    ['another topic', snapshotReply(snapshotDocument({ topic: 'user:other:runs' }))],
    ['another epoch in the headers', snapshotReply(whole, { headers: { 'khala-epoch': 'e9' } })],
    ['another format', snapshotReply(snapshotDocument({ format: 'of the future' }))],
    ['no position', snapshotReply(snapshotDocument({ as_of_seq: '-1' }))],
    ['an item without a key', snapshotReply(snapshotDocument({ items: [{ doc_version: '1' }] }))],
    ['no document at all', snapshotReply([])],
  ])('%s', async (_, reply) => {
    await using server = await serve(reply);
    const { get } = sourceOf(server.url);
    await expect(get()).rejects.toThrow(SnapshotUnreadableError);
    expect(server.seen).toHaveLength(3);
  });

  test('and a second attempt may bring a whole one', async () => {
    await using server = await serve(snapshotReply(whole, { served: '{' }), snapshotReply());
    expect(await sourceOf(server.url).get()).toMatchObject({ asOfSeq: 7n });
  });
});

test('a reader that is closed ends the waiting', async () => {
  await using server = await serve(statusReply(503));
  const ending = new AbortController();
  const getting = sourceOf(server.url).get(ending.signal);
  getting.catch(() => undefined);
  ending.abort(new Error('closed'));
  await expect(getting).rejects.toThrow();
});
