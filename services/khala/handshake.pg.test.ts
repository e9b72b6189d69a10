import { generateKeyPair } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CLOSE_CODE } from '#proto/khala-close.ts';
import {
  type Authority,
  createAuthority,
  createIssuer,
  type Device,
  type Issuer,
  type RunningNode,
  startNode,
  type TokenOptions,
} from './testing/harness.ts';
import { type PeerOptions, proofOf, RawPeer } from './testing/raw-peer.ts';

let authority: Authority;
let issuer: Issuer;
let node: RunningNode;
let device: Device;
let topic: string;
const peers: RawPeer[] = [];

beforeAll(async () => {
  authority = await createAuthority();
  issuer = await createIssuer();
  device = await issuer.newDevice();
  node = await startNode(issuer, authority.database.khalaUrl, {
    timing: {
      helloTimeoutMs: 300,
      heartbeatIntervalMs: 100,
      deadAfterMs: 400,
      stalledAfterMs: 10_000,
    },
  });
  ({ topic } = await authority.newRun(device));
});

afterAll(async () => {
  for (const peer of peers) peer.close();
  await node?.stop();
  await authority?.[Symbol.asyncDispose]();
});

function open(options?: PeerOptions): RawPeer {
  const peer = new RawPeer(node.url, options);
  peers.push(peer);
  return peer;
}

function tokenFor(options: Partial<TokenOptions> = {}): Promise<string> {
  return issuer.token(device, { topics: [topic], ...options });
}

async function refusal(peer: RawPeer) {
  const error = await peer.next('error');
  const { code } = await peer.closed;
  return { code: error.code, message: error.message, closeCode: code };
}

test('a client is challenged, proves itself and is welcomed', async () => {
  const peer = open();
  const welcome = await peer.admitted(device, await tokenFor());
  expect(welcome).toMatchObject({ heartbeat_interval_ms: 100, dead_after_ms: 400 });
  expect(Number(welcome.token_expires_at_ms)).toBeGreaterThan(Date.now());
  peer.close();
});

describe('HELLO', () => {
  test('that never comes closes the socket, and the client may come again', async () => {
    const peer = open();
    expect(await refusal(peer)).toEqual({
      code: 'unauthorized',
      message: 'hello too late',
      closeCode: CLOSE_CODE.resume_after,
    });
  });

  test('that comes twice stops the client', async () => {
    const peer = open();
    await peer.admitted(device, await tokenFor());
    peer.send({
      kind: 'hello',
      token: '',
      proof: '',
      device_id: '',
      client_build_id: '',
      protocol_version: 1,
      schema_version: 1,
    });
    expect(await refusal(peer)).toMatchObject({ closeCode: CLOSE_CODE.stop });
  });

  test('comes before anything else', async () => {
    const peer = open();
    await peer.next('challenge');
    peer.subscribe([topic]);
    expect(await refusal(peer)).toMatchObject({
      code: 'malformed_frame',
      message: 'hello comes first',
    });
  });

  test.each([
    ['an older protocol', { protocol_version: 0 }, 'unsupported protocol version'],
    ['a newer protocol', { protocol_version: 2 }, 'unsupported protocol version'],
    ['another schema', { schema_version: 9 }, 'unsupported schema version'],
    ['a build that is none', { client_build_id: 'latest' }, 'invalid client build'],
    ['a build before the window', { client_build_id: '20200101T000000Z' }, 'upgrade required'],
  ])('of %s asks for an upgrade', async (_, changes, message) => {
    const peer = open();
    await peer.hello(device, await tokenFor(), changes);
    expect(await refusal(peer)).toEqual({
      code: 'upgrade_required',
      message,
      closeCode: CLOSE_CODE.upgrade,
    });
  });
});

describe('a token is refused', () => {
  const nowS = () => Math.floor(Date.now() / 1000);

  test.each<[string, () => Promise<Partial<TokenOptions>>, string]>([
    ['for another audience', async () => ({ audience: 'openagents-runtime' }), 'wrong audience'],
    ['of another type', async () => ({ type: 'at+jwt' }), 'wrong type'],
    ['of another issuer', async () => ({ issuer: 'someone' }), 'wrong issuer'],
    [
      'signed by another key',
      async () => ({ signedBy: (await generateKeyPair('EdDSA')).privateKey }),
      'invalid signature',
    ],
    ['that lives too long', async () => ({ lifeS: 901 }), 'token lives too long'],
    [
      'without a key for more than a minute',
      async () => ({ unbound: true, lifeS: 61 }),
      'unbound token',
    ],
    ['without a session', async () => ({ claims: { sid: undefined } }), 'invalid claims'],
  ])('%s', async (_, options, message) => {
    const peer = open();
    await peer.hello(device, await tokenFor(await options()));
    expect(await refusal(peer)).toEqual({
      code: 'unauthorized',
      message,
      closeCode: CLOSE_CODE.log_in,
    });
  });

  test('when it is from the future, and a newer one is asked for: one of the clocks is wrong', async () => {
    const peer = open();
    await peer.hello(device, await tokenFor({ issuedAtS: nowS() + 120 }));
    expect(await refusal(peer)).toMatchObject({
      code: 'reauth_required',
      message: 'token not yet valid',
      closeCode: CLOSE_CODE.refresh_token,
    });
  });

  test('when it is expired, and a fresh one is asked for', async () => {
    const peer = open();
    await peer.hello(device, await tokenFor({ issuedAtS: nowS() - 400, lifeS: 300 }));
    expect(await refusal(peer)).toMatchObject({
      code: 'token_expired',
      closeCode: CLOSE_CODE.refresh_token,
    });
  });

  test('with alg none', async () => {
    const [, payload] = (await tokenFor()).split('.');
    const header = Buffer.from('{"alg":"none"}').toString('base64url');
    const peer = open();
    await peer.hello(device, await tokenFor(), { token: `${header}.${payload}.` });
    expect(await refusal(peer)).toMatchObject({
      code: 'unauthorized',
      closeCode: CLOSE_CODE.log_in,
    });
  });

  test('that is no token', async () => {
    const peer = open();
    await peer.hello(device, await tokenFor(), { token: 'abc' });
    expect(await refusal(peer)).toMatchObject({ message: 'invalid token format' });
  });

  test('of another device', async () => {
    const peer = open();
    await peer.hello(device, await tokenFor(), { device_id: 'device-other' });
    expect(await refusal(peer)).toMatchObject({ message: 'token of other device' });
  });
});

describe('a stolen token opens nothing', () => {
  test('without a proof', async () => {
    const peer = open();
    await peer.hello(device, await tokenFor(), { proof: '' });
    expect(await refusal(peer)).toMatchObject({ message: 'invalid proof' });
  });

  test.each([
    ['by another key', async () => ({ signedBy: await issuer.newDevice() }), 'proof by other key'],
    ['over another nonce', async () => ({ nonce: 'recorded' }), 'proof of other claims'],
    ['for another token', async () => ({ jti: 'tok_other' }), 'proof of other claims'],
    ['for another device', async () => ({ device_id: 'thief' }), 'proof of other claims'],
    ['of another type', async () => ({ typ: 'dpop+jwt' }), 'invalid proof'],
  ])('with a proof %s', async (_, changes, message) => {
    const token = await tokenFor();
    const peer = open();
    const { nonce } = await peer.next('challenge');
    peer.send({
      kind: 'hello',
      token,
      proof: await proofOf(device, token, nonce, await changes()),
      device_id: device.deviceId,
      client_build_id: '20261121T000000Z',
      protocol_version: 1,
      schema_version: 1,
    });
    expect(await refusal(peer)).toMatchObject({ code: 'unauthorized', message });
  });

  test('but a token of at most a minute needs no key', async () => {
    const peer = open();
    const token = await tokenFor({ unbound: true, lifeS: 60 });
    await peer.hello(device, token, { proof: '' });
    await peer.next('welcome');
    peer.close();
  });
});

test('one token holds at most four sockets, and a closed one makes room', async () => {
  const token = await tokenFor();
  const four = [open(), open(), open(), open()];
  for (const peer of four) await peer.admitted(device, token);
  const fifth = open();
  await fifth.hello(device, token);
  expect(await refusal(fifth)).toMatchObject({
    code: 'overloaded',
    closeCode: CLOSE_CODE.resume_after,
  });
  four[0]?.close();
  await four[0]?.closed;
  await expect
    .poll(async () => {
      const again = open();
      return again.admitted(device, token).then(
        () => 'admitted',
        () => 'refused',
      );
    })
    .toBe('admitted');
  for (const peer of peers) peer.close();
});

describe('an origin', () => {
  test('that is not on the list is stopped', async () => {
    expect(await refusal(open({ origin: 'https://evil.example' }))).toMatchObject({
      code: 'forbidden_origin',
      closeCode: CLOSE_CODE.stop,
    });
  });

  test('on the list passes, whatever its case', async () => {
    const peer = open({ origin: 'https://APP.example' });
    await peer.admitted(device, await tokenFor());
    peer.close();
  });
});

describe('on a live socket', () => {
  test('an expired token ends everything with reauth_required', async () => {
    const peer = open();
    await peer.admitted(device, await tokenFor({ issuedAtS: nowS() - 299, lifeS: 300 }));
    peer.keepAlive(100);
    expect(await refusal(peer)).toEqual({
      code: 'reauth_required',
      message: 'token expired',
      closeCode: CLOSE_CODE.refresh_token,
    });
  });

  test('TOKEN_REFRESH goes on where expiry would have ended', async () => {
    const peer = open();
    peer.keepAlive(100);
    const first = await tokenFor({ issuedAtS: nowS() - 299, lifeS: 300 });
    const { nonce } = await peer.answerChallenge(device, first);
    await peer.next('welcome');
    await peer.refresh(device, await tokenFor(), nonce);
    await peer.next('welcome');
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    peer.subscribe([topic]);
    await peer.next('caught_up');
    peer.close();
  });

  test('TOKEN_REFRESH of another session is unauthorized', async () => {
    const peer = open();
    const { nonce } = await peer.answerChallenge(device, await tokenFor());
    await peer.next('welcome');
    const other = await issuer.newDevice();
    const token = await issuer.token(other, { topics: [topic] });
    await peer.refresh(other, token, nonce);
    expect(await refusal(peer)).toMatchObject({ message: 'token of other session' });
  });

  test('heartbeats come, and a silent client is dropped', async () => {
    const peer = open();
    await peer.admitted(device, await tokenFor());
    await peer.next('heartbeat');
    const { code } = await peer.closed;
    expect(code).toBe(CLOSE_CODE.resume_after);
  });

  const nowS = () => Math.floor(Date.now() / 1000);
});

test('every refusal and every admission is an audit row', async () => {
  await expect
    .poll(async () => {
      const rows = await authority.database.owner<{ decision: string; reason: string }[]>`
        select distinct decision, reason from khala.audit`;
      return rows.map(({ decision, reason }) => `${decision} ${reason}`).sort();
    })
    .toEqual(
      expect.arrayContaining([
        'allow admitted',
        'allow token_refreshed',
        'auth_failure hello_too_late',
        'auth_failure invalid_signature',
        'auth_failure origin_not_allowed',
        'auth_failure proof_by_other_key',
        'auth_failure token_expired',
        'auth_failure unsupported_protocol_version',
      ]),
    );
});
