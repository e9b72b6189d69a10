import { Hono } from 'hono';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import {
  createAccessTokenVerifier,
  remoteKeySet,
  TOKEN_ISSUER,
  type VerifyAccessToken,
} from './access-token.ts';
import { type RunningServer, startServer } from './server.ts';

const AUDIENCE = 'openagents-runtime';
const NOW_S = 1_790_000_000;

let publisher: RunningServer;
let reads = 0;
let verify: VerifyAccessToken;
let privateKey: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

beforeAll(async () => {
  const pair = await generateKeyPair('EdDSA', { extractable: true });
  privateKey = pair.privateKey;
  const jwk = { ...(await exportJWK(pair.publicKey)), kid: 'k1', alg: 'EdDSA' };
  const app = new Hono().get('/jwks', (c) => {
    reads += 1;
    return c.json({ keys: [jwk] });
  });
  publisher = await startServer({
    app,
    host: '127.0.0.1',
    port: 0,
    logger: pino({ level: 'silent' }),
  });
  const keys = remoteKeySet(`${publisher.url}/jwks`);
  verify = createAccessTokenVerifier({ keys, audience: AUDIENCE, now: () => NOW_S * 1000 });
});
afterAll(() => publisher.close());

test('a token says who calls; the key set is read once', async () => {
  const claims = await verify(await token());
  expect(claims).toEqual({
    user_id: 'user_1',
    session_id: 'sess_1',
    device_id: 'laptop',
    org_id: '',
    scopes: ['runtime.read'],
    jti: 'tok_1',
    issued_at_ms: NOW_S * 1000,
    expires_at_ms: (NOW_S + 60) * 1000,
  });
  await verify(await token());
  expect(reads).toBe(1);
});

test.each([
  ['for another service', { aud: 'openagents-khala' }, 'invalid'],
  ['of another issuer', { iss: 'somebody' }, 'invalid'],
  ['that has expired', { exp: NOW_S - 10 }, 'expired'],
  ['without a session', { sid: undefined }, 'invalid'],
])('a token %s is refused', async (_, change, reason) => {
  await expect(verify(await token(change))).rejects.toMatchObject({ reason });
});

test('without the key set nobody can be told apart, which is our trouble and not the caller’s', async () => {
  const keys = remoteKeySet('http://127.0.0.1:1/jwks');
  const blind = createAccessTokenVerifier({ keys, audience: AUDIENCE, now: () => NOW_S * 1000 });
  await expect(blind(await token())).rejects.toMatchObject({ reason: 'unavailable' });
});

test('a token that was found good is not checked again at once, and not believed beyond its end', async () => {
  let nowMs = NOW_S * 1_000;
  let looks = 0;
  const keys = remoteKeySet(`${publisher.url}/jwks`);
  const counted: typeof keys = Object.assign((...args: Parameters<typeof keys>) => {
    looks += 1;
    return keys(...args);
  }, keys);
  const check = createAccessTokenVerifier({ keys: counted, audience: AUDIENCE, now: () => nowMs });
  const good = await token();
  await check(good);
  expect(await check(good)).toMatchObject({ user_id: 'user_1' });
  expect(looks).toBe(1);
  nowMs += 31_000;
  await check(good);
  expect(looks).toBe(2);
  nowMs = (NOW_S + 66) * 1_000;
  await expect(check(good)).rejects.toMatchObject({ reason: 'expired' });
});

test('a refused token is refused again', async () => {
  const bad = await token({ aud: 'openagents-khala' });
  await expect(verify(bad)).rejects.toMatchObject({ reason: 'invalid' });
  await expect(verify(bad)).rejects.toMatchObject({ reason: 'invalid' });
});

async function token(change: Record<string, unknown> = {}): Promise<string> {
  const claims = {
    iss: TOKEN_ISSUER,
    aud: ['openagents-control', AUDIENCE],
    sub: 'user_1',
    sid: 'sess_1',
    did: 'laptop',
    oid: '',
    scopes: ['runtime.read'],
    jti: 'tok_1',
    iat: NOW_S,
    exp: NOW_S + 60,
    ...change,
  };
  return new SignJWT(claims).setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).sign(privateKey);
}
