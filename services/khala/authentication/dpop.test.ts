import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { createIssuer, type Device } from '../testing/harness.ts';
import { type DpopChanges, dpopOf } from '../testing/snapshot-request.ts';
import { createDpopVerifier } from './dpop.ts';

const NOW_MS = 1_790_000_000_000;
const URL_ASKED = new URL('https://khala.example/v1/sync/snapshots/user%3Ax%3Aruns');
const TOKEN = 'a.b.c';

let device: Device;
let other: Device;
let grant: Parameters<ReturnType<typeof createDpopVerifier>['verify']>[0]['grant'];
beforeAll(async () => {
  const issuer = await createIssuer();
  device = await issuer.newDevice();
  other = await issuer.newDevice();
  grant = {
    userId: device.userId,
    orgId: device.orgId,
    sessionId: device.sessionId,
    deviceId: device.deviceId,
    jti: 'jti',
    topics: new Set(),
    keyThumbprint: device.thumbprint,
    issuedAtMs: NOW_MS,
    expiresAtMs: NOW_MS + 60_000,
  };
});

function requestWith(proof: string) {
  const { host } = URL_ASKED;
  return { proof, method: 'GET', url: URL_ASKED, host, token: TOKEN, grant };
}

function proofWith(changes: DpopChanges = {}, by = device): Promise<string> {
  const iat = Math.floor(NOW_MS / 1_000);
  return dpopOf(by, URL_ASKED.href, TOKEN, { iat, ...changes });
}

const verifier = () => createDpopVerifier({ now: () => NOW_MS });

test('a proof of this request is taken, and taken once', async () => {
  const { verify } = verifier();
  const proof = await proofWith();
  await verify(requestWith(proof));
  await expect(verify(requestWith(proof))).rejects.toMatchObject({ reason: 'proof_replayed' });
});

describe.each<[string, DpopChanges, string]>([
  ['another method', { htm: 'POST' }, 'proof_of_other_request'],
  [
    'another path',
    { htu: 'https://khala.example/v1/sync/snapshots/other' },
    'proof_of_other_request',
  ],
  ['another host', { htu: URL_ASKED.href.replace('khala', 'elsewhere') }, 'proof_of_other_request'],
  ['no address at all', { htu: 'x' }, 'proof_of_other_request'],
  [
    'another token',
    { ath: createHash('sha256').update('other').digest('base64url') },
    'proof_of_other_request',
  ],
  ['an old clock', { iat: Math.floor(NOW_MS / 1_000) - 61 }, 'proof_not_fresh'],
  ['the future', { iat: Math.floor(NOW_MS / 1_000) + 6 }, 'proof_not_fresh'],
  ['another type', { typ: 'jwt' }, 'invalid_proof'],
  ['no id', { jti: '' }, 'invalid_proof'],
])('a proof of %s', (_, changes, reason) => {
  test('is refused', async () => {
    const proof = await proofWith(changes);
    await expect(verifier().verify(requestWith(proof))).rejects.toMatchObject({ reason });
  });
});

test('a proof by a key that the token does not name is refused', async () => {
  const proof = await proofWith({}, other);
  await expect(verifier().verify(requestWith(proof))).rejects.toMatchObject({
    reason: 'proof_by_other_key',
  });
});

test('what is no proof is refused', async () => {
  for (const proof of ['', 'x', 'a.b.c', await proofWith().then((text) => text.slice(0, -3))]) {
    await expect(verifier().verify(requestWith(proof))).rejects.toMatchObject({
      reason: 'invalid_proof',
    });
  }
});
