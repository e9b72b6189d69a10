/** Every way to come in without being who one says, each with its code and the reason that the audit keeps. */
import {
  CompactSign,
  type CryptoKey,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWK,
  SignJWT,
} from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_WINDOW } from '#proto/compat.ts';
import { CLOSE_CODE } from '#proto/khala-close.ts';
import { createSyncTokenVerifier } from '../authentication/sync-token.ts';
import { createRevocationList } from '../revocations/revocation-list.ts';
import {
  BUILD_ID,
  createIssuer,
  type Device,
  type Issuer,
  type TokenOptions,
} from '../testing/harness.ts';
import { proofOf } from '../testing/raw-peer.ts';
import { grantOfHello, grantOfRefresh } from './credentials.ts';
import { SessionFault } from './session-fault.ts';

const NONCE = 'nonce-of-this-socket';
const TOPIC = 'user:x:runs';

let issuer: Issuer;
let device: Device;
let stranger: Device;
let clockOffMs = 0;

const node = {
  window: DEFAULT_WINDOW,
  verifySyncToken: (token: string) =>
    createSyncTokenVerifier({ keys: issuer.keys, now: () => Date.now() + clockOffMs })(token),
  revocations: {
    ...createRevocationList(),
    unknownFault: () => undefined,
    faultOf: () => undefined,
  },
};

beforeAll(async () => {
  issuer = await createIssuer();
  [device, stranger] = [await issuer.newDevice(), await issuer.newDevice()];
});

const nowS = () => Math.floor(Date.now() / 1000);
const token = (options: Partial<TokenOptions> = {}) =>
  issuer.token(device, { topics: [TOPIC], ...options });

interface Attempt {
  token: string;
  /** Default: the rightful proof of that token. */
  proof?: string;
  deviceId?: string;
}

async function hello(attempt: Attempt) {
  return grantOfHello(
    node,
    {
      kind: 'hello',
      token: attempt.token,
      proof: attempt.proof ?? (await proofOf(device, attempt.token, NONCE)),
      device_id: attempt.deviceId ?? device.deviceId,
      client_build_id: BUILD_ID,
      protocol_version: 1,
      schema_version: 1,
    },
    NONCE,
  );
}

async function refusal(work: Promise<unknown>) {
  const fault = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(fault instanceof SessionFault)) return fault ?? 'admitted';
  return { code: fault.code, reason: fault.reason, close: CLOSE_CODE[fault.action] };
}

const unauthorized = (reason: string) => ({
  code: 'unauthorized',
  reason,
  close: CLOSE_CODE.log_in,
});

const notYetValid = {
  code: 'reauth_required',
  reason: 'token_not_yet_valid',
  close: CLOSE_CODE.refresh_token,
};

/** A token by hand, for headers that no issuer writes. */
async function handmade(
  header: Record<string, unknown>,
  sign: (input: string) => Promise<string> | string,
): Promise<string> {
  const payload = (await token()).split('.')[1];
  const input = `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}`;
  return `${input}.${await sign(input)}`;
}

async function hmacWith(secret: Uint8Array): Promise<string> {
  const [claims] = [
    JSON.parse(Buffer.from((await token()).split('.')[1] ?? '', 'base64').toString()),
  ];
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'control-1', typ: 'oa-sync+jwt' })
    .sign(secret);
}

async function withHeader(header: { kid?: string } & Record<string, unknown>): Promise<string> {
  const claims = JSON.parse(Buffer.from((await token()).split('.')[1] ?? '', 'base64').toString());
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', typ: 'oa-sync+jwt', ...header })
    .sign(stranger.key.privateKey);
}

describe('a token', () => {
  test.each<[string, () => Promise<Attempt>, object]>([
    [
      'of alg none',
      async () => ({ token: await handmade({ alg: 'none' }, () => '') }),
      unauthorized('unsupported_alg'),
    ],
    [
      'of HS256, signed with the public key as a secret',
      async () => {
        const [jwk] = issuer.keys.jwks().keys;
        return { token: await hmacWith(Buffer.from(jwk?.x ?? '', 'base64url')) };
      },
      unauthorized('unsupported_alg'),
    ],
    [
      'of HS256, signed with the public key as text',
      async () => ({
        token: await hmacWith(new TextEncoder().encode(await exportSPKI(stranger.key.publicKey))),
      }),
      unauthorized('unsupported_alg'),
    ],
    [
      'of an unknown kid',
      async () => ({ token: await withHeader({ kid: 'control-2' }) }),
      unauthorized('unknown_kid'),
    ],
    [
      'of a kid that is a path',
      async () => ({ token: await withHeader({ kid: '../../dev/null' }) }),
      unauthorized('unknown_kid'),
    ],
    [
      'of a kid that is a query',
      async () => ({ token: await withHeader({ kid: "' or '1'='1" }) }),
      unauthorized('unknown_kid'),
    ],
    [
      'without a kid, by a stranger',
      async () => ({ token: await withHeader({}) }),
      unauthorized('invalid_signature'),
    ],
    [
      'that brings its own key',
      async () => ({
        token: await withHeader({ kid: 'control-1', jwk: await exportJWK(stranger.key.publicKey) }),
      }),
      unauthorized('invalid_signature'),
    ],
    [
      'that says where its key is',
      async () => ({
        token: await withHeader({ kid: 'control-1', jku: 'https://evil.example/jwks.json' }),
      }),
      unauthorized('invalid_signature'),
    ],
    [
      'with an extension that must be understood',
      async () => ({
        token: await handmade(
          { alg: 'EdDSA', kid: 'control-1', typ: 'oa-sync+jwt', crit: ['b64x'], b64x: true },
          () => 'AAAA',
        ),
      }),
      unauthorized('unsupported_alg'),
    ],
    [
      'signed by a stranger',
      async () => ({ token: await token({ signedBy: stranger.key.privateKey }) }),
      unauthorized('invalid_signature'),
    ],
    [
      'whose claims were changed',
      async () => {
        const [header, , signature] = (await token()).split('.');
        const other = (await token({ topics: ['org:y:runs'] })).split('.')[1];
        return { token: `${header}.${other}.${signature}` };
      },
      unauthorized('invalid_signature'),
    ],
    [
      'for another audience',
      async () => ({ token: await token({ audience: 'openagents-runtime' }) }),
      unauthorized('wrong_audience'),
    ],
    [
      'of another issuer',
      async () => ({ token: await token({ issuer: 'openagents-control.example' }) }),
      unauthorized('wrong_issuer'),
    ],
    [
      'of another type',
      async () => ({ token: await token({ type: 'at+jwt' }) }),
      unauthorized('wrong_type'),
    ],
    [
      'expired',
      async () => ({ token: await token({ issuedAtS: nowS() - 400, lifeS: 300 }) }),
      { code: 'token_expired', reason: 'token_expired', close: CLOSE_CODE.refresh_token },
    ],
    [
      'issued in the future',
      async () => ({ token: await token({ issuedAtS: nowS() + 120 }) }),
      notYetValid,
    ],
    [
      'valid from the future on',
      async () => ({ token: await token({ claims: { nbf: nowS() + 120 } }) }),
      notYetValid,
    ],
    [
      'that lives longer than a token may',
      async () => ({ token: await token({ lifeS: 901 }) }),
      unauthorized('token_lives_too_long'),
    ],
    [
      'without a key that lives longer than a minute',
      async () => ({ token: await token({ unbound: true, lifeS: 61 }), proof: '' }),
      unauthorized('unbound_token'),
    ],
    [
      'for more topics than one may carry',
      async () => ({ token: await token({ topics: Array(257).fill(TOPIC) }) }),
      unauthorized('invalid_claims'),
    ],
    [
      'whose key thumbprint is none',
      async () => ({ token: await token({ claims: { cnf: { jkt: '' } } }) }),
      unauthorized('invalid_claims'),
    ],
    [
      'whose key is null, as if it had none',
      async () => ({ token: await token({ claims: { cnf: null } }), proof: '' }),
      unauthorized('invalid_claims'),
    ],
    [
      'without a session',
      async () => ({ token: await token({ claims: { sid: undefined } }) }),
      unauthorized('invalid_claims'),
    ],
    [
      'for another device',
      async () => ({ token: await token(), deviceId: stranger.deviceId }),
      unauthorized('token_of_other_device'),
    ],
    [
      'for this device in capitals',
      async () => ({ token: await token(), deviceId: device.deviceId.toUpperCase() }),
      unauthorized('token_of_other_device'),
    ],
    [
      'that is none',
      async () => ({ token: 'abc', proof: '' }),
      unauthorized('invalid_token_format'),
    ],
    [
      'of 60 KiB',
      async () => ({ token: 'x.'.repeat(30 * 1024), proof: '' }),
      unauthorized('invalid_token_format'),
    ],
  ])('%s', async (_, attempt, expected) => {
    expect(await refusal(hello(await attempt()))).toEqual(expected);
  });

  test('that was stolen opens nothing by the thief’s own key, device or nothing at all', async () => {
    const stolen = await token();
    const proof = await proofOf(stranger, stolen, NONCE, { device_id: device.deviceId });
    expect(await refusal(hello({ token: stolen, proof }))).toEqual(
      unauthorized('proof_by_other_key'),
    );
    expect(await refusal(hello({ token: stolen, proof: '' }))).toEqual(
      unauthorized('invalid_proof'),
    );
  });

  test('of a minute needs no key', async () => {
    const grant = await hello({ token: await token({ unbound: true, lifeS: 60 }), proof: '' });
    expect(grant.keyThumbprint).toBeUndefined();
  });
});

/** A proof by hand: whatever header and claims, signed with whatever key. */
async function proof(options: {
  header?: Record<string, unknown>;
  claims?: object | string;
  key?: CryptoKey;
  jwk?: JWK;
}): Promise<Attempt> {
  const bound = await token();
  const jti = JSON.parse(Buffer.from(bound.split('.')[1] ?? '', 'base64').toString()).jti;
  const claims = { nonce: NONCE, jti, device_id: device.deviceId, ...Object(options.claims) };
  const text =
    typeof options.claims === 'string'
      ? options.claims.replaceAll('JTI', jti).replaceAll('DEVICE', device.deviceId)
      : JSON.stringify(claims);
  const jwk = options.jwk ?? (await exportJWK(device.key.publicKey));
  const signed = await new CompactSign(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'khala-proof+jwt', jwk, ...options.header })
    .sign(options.key ?? device.key.privateKey);
  return { token: bound, proof: signed };
}

describe('a proof', () => {
  test.each<[string, () => Promise<Attempt>, string]>([
    [
      'recorded on another socket',
      () => proof({ claims: { nonce: 'recorded' } }),
      'proof_of_other_claims',
    ],
    ['of another token', () => proof({ claims: { jti: 'tok_other' } }), 'proof_of_other_claims'],
    ['of another device', () => proof({ claims: { device_id: 'thief' } }), 'proof_of_other_claims'],
    ['whose nonce is a list', () => proof({ claims: { nonce: [NONCE] } }), 'proof_of_other_claims'],
    ['that is no JSON', () => proof({ claims: 'nonce' }), 'proof_of_other_claims'],
    [
      'that says a claim twice: the last one counts',
      () =>
        proof({
          claims: `{"nonce":"${NONCE}","nonce":"recorded","jti":"JTI","device_id":"DEVICE"}`,
        }),
      'proof_of_other_claims',
    ],
    ['of another type', () => proof({ header: { typ: 'dpop+jwt' } }), 'invalid_proof'],
    ['without a type', () => proof({ header: { typ: undefined } }), 'invalid_proof'],
    [
      'with the private part of its key',
      async () => proof({ jwk: await exportJWK(device.key.privateKey) }),
      'invalid_proof',
    ],
    [
      'whose key is of another algorithm',
      async () => proof({ jwk: { ...(await exportJWK(device.key.publicKey)), alg: 'ES256' } }),
      'invalid_proof',
    ],
    [
      'whose key is for encryption',
      async () => proof({ jwk: { ...(await exportJWK(device.key.publicKey)), use: 'enc' } }),
      'invalid_proof',
    ],
    [
      'signed by another key than it shows',
      () => proof({ key: stranger.key.privateKey }),
      'invalid_proof',
    ],
    [
      'by a stranger’s key',
      async () =>
        proof({ key: stranger.key.privateKey, jwk: await exportJWK(stranger.key.publicKey) }),
      'proof_by_other_key',
    ],
    [
      'by a good key of another curve',
      async () => {
        const pair = await generateKeyPair('ES256');
        const jwk = await exportJWK(pair.publicKey);
        return proof({ header: { alg: 'ES256' }, key: pair.privateKey, jwk });
      },
      'proof_by_other_key',
    ],
    [
      'of a curve that is not served',
      async () => {
        const pair = await generateKeyPair('ES384');
        const jwk = await exportJWK(pair.publicKey);
        return proof({ header: { alg: 'ES384' }, key: pair.privateKey, jwk });
      },
      'invalid_proof',
    ],
    [
      'of alg none',
      async () => {
        const { token: bound, proof: signed = '' } = await proof({});
        const header = {
          alg: 'none',
          typ: 'khala-proof+jwt',
          jwk: await exportJWK(device.key.publicKey),
        };
        const text = Buffer.from(JSON.stringify(header)).toString('base64url');
        return { token: bound, proof: `${text}.${signed.split('.')[1]}.` };
      },
      'invalid_proof',
    ],
    [
      'that is the token',
      async () => {
        const bound = await token();
        return { token: bound, proof: bound };
      },
      'invalid_proof',
    ],
    [
      'of 60 KiB',
      async () => ({ token: await token(), proof: 'x.'.repeat(30 * 1024) }),
      'invalid_proof',
    ],
  ])('%s', async (_, attempt, reason) => {
    expect(await refusal(hello(await attempt()))).toEqual(unauthorized(reason));
  });

  test('by the right key over this nonce is accepted', async () => {
    expect(await hello(await proof({}))).toMatchObject({ deviceId: device.deviceId });
  });
});

describe('a refresh', () => {
  test.each<[string, Partial<Device>]>([
    ['of another user', { userId: 'user_other' as Device['userId'] }],
    ['of another session', { sessionId: 'sess_other' }],
    ['of another device', { deviceId: 'other' }],
  ])('%s is refused', async (_, changes) => {
    const before = await hello({ token: await token() });
    const other = { ...device, ...changes };
    const renewed = await issuer.token(other, { topics: [] });
    const refresh = {
      kind: 'token_refresh' as const,
      token: renewed,
      proof: await proofOf(other, renewed, NONCE),
    };
    expect(await refusal(grantOfRefresh(node, refresh, NONCE, before))).toEqual(
      unauthorized('token_of_other_session'),
    );
  });
});

describe('a node whose clock is an hour off', () => {
  test.each([
    [
      'ahead',
      3_600_000,
      { code: 'token_expired', reason: 'token_expired', close: CLOSE_CODE.refresh_token },
    ],
    ['behind', -3_600_000, notYetValid],
  ])(
    '%s asks for a fresh token, and admits with it once its clock is right',
    async (_, offMs, expected) => {
      const fresh = await token();
      clockOffMs = offMs;
      expect(await refusal(hello({ token: fresh }))).toEqual(expected);
      clockOffMs = 0;
      expect(await hello({ token: fresh })).toMatchObject({ deviceId: device.deviceId });
    },
  );
});
