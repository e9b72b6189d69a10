import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { importJWK, SignJWT } from 'jose';

/** Calls the runtime for a made-up person, the way control's gateway does, with the stack's own service key. */
export type Ask = (
  method: string,
  path: string,
  body?: unknown,
  idempotencyKey?: string,
) => Promise<{
  status: number;
  data: Record<string, unknown>;
  /** Of a problem: why it was refused. */
  code: string;
}>;

const ASSERTION_LIFE_S = 30;
const SCOPES = ['runtime.read', 'runtime.write', 'runtime.run_events'];

export async function asPerson(
  serviceKeyFile: string,
  runtimeUrl: string,
  userId: string,
): Promise<Ask> {
  const jwk = JSON.parse(await readFile(serviceKeyFile, 'utf8'));
  const key = await importJWK(jwk, 'EdDSA');
  return async function ask(method, path, body, idempotencyKey = randomUUID()) {
    const text = body === undefined ? '' : JSON.stringify(body);
    const issuedAt = Math.floor(Date.now() / 1000);
    const assertion = await new SignJWT({
      htm: method,
      htu: path,
      body_sha256: createHash('sha256').update(text).digest('hex'),
      principal: { user_id: userId, org_id: '', scopes: SCOPES, session_id: 's', device_id: 'd' },
    })
      .setProtectedHeader({ alg: 'EdDSA', kid: jwk.kid, typ: 'oa-internal+jwt' })
      .setIssuer(jwk.kid)
      .setAudience('runtime')
      .setIssuedAt(issuedAt)
      .setExpirationTime(issuedAt + ASSERTION_LIFE_S)
      .setJti(randomUUID())
      .sign(key);
    const response = await fetch(new URL(path, runtimeUrl), {
      method,
      headers: {
        'x-oa-internal-assertion': assertion,
        ...(method !== 'GET' && { 'idempotency-key': idempotencyKey }),
        ...(text && { 'content-type': 'application/json' }),
      },
      ...(text && { body: text }),
    });
    const answer = (await response.json()) as { data?: Record<string, unknown>; code?: string };
    return { status: response.status, data: answer.data ?? {}, code: answer.code ?? '' };
  };
}
