import { exportJWK, generateKeyPair } from 'jose';
import { beforeAll, expect, test } from 'vitest';
import {
  type AssertedCall,
  bodySha256,
  ClocksDiffer,
  createAssertionSigner,
  createAssertionVerifier,
  type SignAssertion,
  type VerifyAssertion,
} from './internal-assertion.ts';
import type { NamedKey } from './service-keys.ts';

const CALL: AssertedCall = {
  method: 'POST',
  target: '/internal/v1/sync/topics/authorize?dry=1',
  bodySha256: bodySha256('{"topics":[]}'),
};
const ALICE = {
  user_id: 'user_1',
  org_id: '',
  scopes: ['runtime.read'],
  session_id: 's',
  device_id: 'd',
};

let nowMs = 1_760_000_000_000;
let control: NamedKey;
let verifier: NamedKey;
let sign: SignAssertion;
let verify: VerifyAssertion;

beforeAll(async () => {
  control = await namedKey('control');
  verifier = await namedKey('verifier');
  sign = createAssertionSigner({ key: control, now: () => nowMs });
  const seen = new Set<string>();
  verify = createAssertionVerifier({
    audience: 'runtime',
    trusted: { keys: [control.publicJwk, verifier.publicJwk] },
    gateways: ['control'],
    nonces: {
      claim: async (jti) => {
        const isNew = !seen.has(jti);
        seen.add(jti);
        return isNew;
      },
    },
    now: () => nowMs,
  });
});

test('a call is accepted once and names its service and principal', async () => {
  const token = await sign('runtime', CALL, ALICE);
  expect(await verify(token, CALL)).toMatchObject({ service: 'control', principal: ALICE });
  await expect(verify(token, CALL)).rejects.toThrow('used before');
});

test.each([
  ['another method', { ...CALL, method: 'PUT' }],
  ['another path', { ...CALL, target: '/internal/v1/other' }],
  ['another query', { ...CALL, target: CALL.target.replace('1', '2') }],
  ['another body', { ...CALL, bodySha256: bodySha256('{}') }],
])('an assertion does not carry over to %s', async (_, call) => {
  await expect(verify(await sign('runtime', CALL), call)).rejects.toThrow();
});

test('an assertion for another service, or an old one, is refused', async () => {
  await expect(verify(await sign('control', CALL), CALL)).rejects.toThrow('aud');
  const token = await sign('runtime', CALL);
  nowMs += 66_000;
  await expect(verify(token, CALL)).rejects.toBeInstanceOf(ClocksDiffer);
});

test.each([
  ['behind', -3_600_000],
  ['ahead', 3_600_000],
])(
  'a verifier whose clock is an hour %s says so, and believes again when it is right',
  async (_, offsetMs) => {
    const token = await sign('runtime', CALL);
    nowMs += offsetMs;
    await expect(verify(token, CALL)).rejects.toBeInstanceOf(ClocksDiffer);
    nowMs -= offsetMs;
    expect(await verify(token, CALL)).toMatchObject({ service: 'control' });
  },
);

test('only a gateway may speak for a person', async () => {
  const signAsVerifier = createAssertionSigner({ key: verifier, now: () => nowMs });
  const token = await signAsVerifier('runtime', CALL, ALICE);
  await expect(verify(token, CALL)).rejects.toThrow('may not speak');
});

test('a key signs under its own name only', async () => {
  const impostor = createAssertionSigner({
    key: { ...verifier, kid: 'control' },
    now: () => nowMs,
  });
  await expect(verify(await impostor('runtime', CALL), CALL)).rejects.toThrow('signature');
});

async function namedKey(kid: string): Promise<NamedKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' } };
}
