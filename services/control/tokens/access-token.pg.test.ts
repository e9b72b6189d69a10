import { importJWK, type JWTPayload, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuthVerifyResponse } from '#proto/gen/types.ts';
import {
  privateJwk,
  refusal,
  startTestControl,
  type TestControl,
} from '../testing/control-process.ts';

let control: TestControl;
let ada: AuthVerifyResponse;
beforeAll(async () => {
  control = await startTestControl();
  ada = await control.logIn('ada@example.com');
});
afterAll(() => control[Symbol.asyncDispose]());

function genuine(): string {
  return ada.tokens?.access_token ?? '';
}

function claims(change: Partial<JWTPayload> = {}): JWTPayload {
  const [, payload = ''] = genuine().split('.');
  return { ...JSON.parse(Buffer.from(payload, 'base64url').toString()), ...change };
}

async function signed(payload: JWTPayload, header: object = {}, key = control.tokenKeys[0]) {
  if (!key) throw new Error('the test control has two keys');
  return new SignJWT(payload)
    .setProtectedHeader({ alg: 'EdDSA', kid: String(key.kid), ...header })
    .sign(await importJWK(key, 'EdDSA'));
}

function encoded(header: object, payload: object, signature = ''): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(payload)}.${signature}`;
}

function me(token: string) {
  return control.request('/api/me', { token });
}

test('a token signed by us is accepted, also by the key that retires', async () => {
  expect((await me(genuine())).status).toBe(200);
  expect((await me(await signed(claims(), {}, control.tokenKeys[1]))).status).toBe(200);
});

const attacks: [string, () => Promise<string> | string][] = [
  ['alg none', () => encoded({ alg: 'none' }, claims())],
  [
    'alg none with our signature',
    () => encoded({ alg: 'none' }, claims(), genuine().split('.')[2]),
  ],
  ['alg None in another spelling', () => encoded({ alg: 'nOnE' }, claims())],
  [
    'another key under our kid',
    async () => signed(claims(), {}, await privateJwk('token-current')),
  ],
  ['another key under its own kid', async () => signed(claims(), {}, await privateJwk('mine'))],
  [
    'a key in the header',
    async () => {
      const key = await privateJwk('token-current');
      const { d: _, ...jwk } = key;
      return signed(claims(), { jwk }, key);
    },
  ],
  ['a kid that is a path', () => signed(claims(), { kid: '../../../dev/null' })],
  [
    'an unknown critical header',
    () => encoded({ alg: 'EdDSA', crit: ['x'], x: 1 }, claims(), 'AA'),
  ],
  [
    'our public key as an HMAC secret',
    async () => {
      const secret = new TextEncoder().encode(String(control.tokenKeys[0]?.x));
      return new SignJWT(claims())
        .setProtectedHeader({ alg: 'HS256', kid: 'token-current' })
        .sign(secret);
    },
  ],
  ['another audience', () => signed(claims({ aud: 'openagents-khala' }))],
  ['no audience', () => signed(claims({ aud: undefined }))],
  ['another issuer', () => signed(claims({ iss: 'https://evil.example' }))],
  ['no subject', () => signed(claims({ sub: undefined }))],
  ['no session', () => signed(claims({ sid: undefined }))],
  ['an expiry long ago', () => signed(claims({ exp: 1 }))],
  ['a beginning in the future', () => signed(claims({ nbf: 4_000_000_000 }))],
  [
    'a changed subject',
    () => {
      const [header, , signature] = genuine().split('.');
      const payload = Buffer.from(JSON.stringify(claims({ sub: 'user_x' }))).toString('base64url');
      return `${header}.${payload}.${signature}`;
    },
  ],
  ['no signature', () => genuine().split('.').slice(0, 2).join('.')],
  ['the refresh token', () => ada.tokens?.refresh_token ?? ''],
  ['eight kilobytes of nothing', () => 'x'.repeat(8_192)],
];

test.each(attacks)('a token with %s is refused', async (_, forge) => {
  const answer = await me(await forge());
  expect(await refusal(answer)).toBe('401 unauthorized');
});

test('a token of a session that does not exist, or is another person’s, is refused', async () => {
  const eve = await control.logIn('eve@example.com', 'desk');
  expect(await refusal(await me(await signed(claims({ sid: 'sess_none' }))))).toBe(
    '401 session_revoked',
  );
  const crossed = await signed(claims({ sid: eve.session?.session_id }));
  expect(await refusal(await me(crossed))).toBe('401 session_revoked');
});

test('a token ends with its hour', async () => {
  const { tokens } = await control.logIn('hour@example.com', 'clock');
  const token = tokens?.access_token ?? '';
  control.clock.advance(3_599_000);
  expect((await me(token)).status).toBe(200);
  control.clock.advance(7_000);
  expect(await refusal(await me(token))).toBe('401 unauthorized');
});

test('the published keys have no private part', async () => {
  const answer = await control.request('/.well-known/jwks.json');
  const { keys } = (await answer.json()) as { keys: Record<string, unknown>[] };
  expect(keys.map(({ kid }) => kid)).toEqual(['token-current', 'token-retiring']);
  for (const key of keys) expect(key).not.toHaveProperty('d');
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
});
