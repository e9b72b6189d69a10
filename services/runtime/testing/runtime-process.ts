import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { pino } from 'pino';
import { inject } from 'vitest';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import { newId } from '#proto/ids.ts';
import { ROLE_SCOPES } from '#proto/scopes.ts';
import { TOKEN_ISSUER } from '../../shared/access-token.ts';
import { readConfig } from '../../shared/config.ts';
import {
  type AssertedPrincipal,
  bodySha256,
  createAssertionSigner,
  INTERNAL_ASSERTION_HEADER,
} from '../../shared/internal-assertion.ts';
import { startServer } from '../../shared/server.ts';
import type { NamedKey } from '../../shared/service-keys.ts';
import type { Lab } from '../../worker/testing/lab.ts';
import { runtimeSettings } from '../config.ts';
import { startRuntime } from '../start.ts';

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: a test reads what it asserts
  json: any;
}

export interface Call {
  method?: string;
  json?: unknown;
  body?: string | Uint8Array<ArrayBuffer>;
  headers?: Record<string, string>;
  /** A key is made up where this is absent. */
  key?: string;
}

export type Ask = (path: string, call?: Call) => Promise<Answered>;

export interface TestPerson {
  readonly user_id: string;
  readonly token: string;
  readonly session_id: string;
  readonly ask: Ask;
}

export interface TestRuntime {
  readonly url: string;
  readonly database: RuntimeDatabase;
  readonly artifactsDirectory: string;
  person(options?: Partial<PersonOptions>): Promise<TestPerson>;
  anonymous: Ask;
  /** Calls as one of our services; with a principal, as control's gateway does. */
  service(name: 'control' | 'verifier', principal?: AssertedPrincipal): Ask;
  [Symbol.asyncDispose](): Promise<void>;
}

type RuntimeDatabase = Pick<TestDatabase, 'owner' | 'runtime' | 'runtimeUrl'>;

interface PersonOptions {
  user_id: string;
  org_id: string;
  scopes: readonly string[];
  device_id: string;
}

/** Nobody listens on it: for tests in which no run is started. */
const NO_TEMPORAL = '127.0.0.1:1';

/** A whole runtime over real HTTP and Postgres; the published keys of control are the test's own. */
export async function startTestRuntime(
  options: {
    /** A lab with a worker in it, so that runs really run. */
    lab?: Pick<Lab, 'sql' | 'owner' | 'runtimeUrl' | 'namespace' | 'artifactsDirectory'>;
    settings?: Record<string, string>;
    now?: () => number;
  } = {},
): Promise<TestRuntime> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-runtime-'));
  const [tokenKey, control, verifier] = await Promise.all(
    ['token-key', 'control', 'verifier'].map(namedKey),
  );
  if (!tokenKey || !control || !verifier) throw new Error('three keys were asked for');
  const trustedFile = join(directory, 'trusted.json');
  await writeFile(trustedFile, JSON.stringify({ keys: [control.publicJwk, verifier.publicJwk] }));
  const logger = pino({ level: 'silent' });
  const keySet = await startServer({
    app: new Hono().get('/jwks', (c) => c.json({ keys: [tokenKey.publicJwk] })),
    host: '127.0.0.1',
    port: 0,
    logger,
  });
  const { lab } = options;
  const ownDatabase = lab ? undefined : await testDatabase(['runtime']);
  const database = ownDatabase ?? databaseOf(lab);
  const artifactsDirectory = lab?.artifactsDirectory ?? join(directory, 'artifacts');
  const running = await startRuntime(
    readConfig(runtimeSettings, {
      OA_ENV: 'test',
      OA_LOG_LEVEL: 'silent',
      RUNTIME_PORT: '0',
      RUNTIME_DATABASE_URL: database.runtimeUrl,
      TEMPORAL_ADDRESS: lab ? inject('temporalAddress') : NO_TEMPORAL,
      ...(lab && { TEMPORAL_NAMESPACE: lab.namespace }),
      OA_ARTIFACTS_DIR: artifactsDirectory,
      CONTROL_JWKS_URL: `${keySet.url}/jwks`,
      OA_TRUSTED_SERVICES_FILE: trustedFile,
      ...options.settings,
    }),
    options.now ? { now: options.now } : {},
  );

  return {
    url: running.url,
    database,
    artifactsDirectory,
    anonymous: asking(running.url, async () => ({})),
    async person(chosen = {}) {
      const { user_id = newId('user'), org_id = '', scopes = ROLE_SCOPES.owner } = chosen;
      const session_id = newId('sess');
      const token = await accessToken(tokenKey, {
        sub: user_id,
        sid: session_id,
        did: chosen.device_id ?? 'laptop',
        oid: org_id,
        scopes: [...scopes],
      });
      const ask = asking(running.url, async () => ({ authorization: `Bearer ${token}` }));
      return { user_id, token, session_id, ask };
    },
    service(name, principal) {
      const sign = createAssertionSigner({ key: name === 'control' ? control : verifier });
      return asking(running.url, async (method, target, body) => ({
        [INTERNAL_ASSERTION_HEADER]: await sign(
          'runtime',
          { method, target, bodySha256: bodySha256(body) },
          principal,
        ),
      }));
    },
    async [Symbol.asyncDispose]() {
      await running.close();
      await keySet.close();
      await ownDatabase?.[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function databaseOf(lab: Pick<Lab, 'sql' | 'owner' | 'runtimeUrl'> | undefined): RuntimeDatabase {
  if (!lab) throw new Error('neither a database nor a lab');
  return { owner: lab.owner, runtime: lab.sql, runtimeUrl: lab.runtimeUrl };
}

type Credential = (
  method: string,
  target: string,
  body: string | Uint8Array,
) => Promise<Record<string, string>>;

function asking(url: string, credential: Credential): Ask {
  return async function ask(path, { method, json, body, headers = {}, key } = {}) {
    const sent = json === undefined ? body : JSON.stringify(json);
    const verb = method ?? (sent === undefined ? 'GET' : 'POST');
    const response = await fetch(`${url}${path}`, {
      method: verb,
      headers: {
        ...(json !== undefined && { 'content-type': 'application/json' }),
        ...(verb !== 'GET' && { 'idempotency-key': key ?? newId('req') }),
        ...(await credential(verb, path, sent ?? '')),
        ...headers,
      },
      ...(sent !== undefined && { body: sent }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: parsed(text) };
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function accessToken(key: NamedKey, claims: Record<string, unknown>): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: key.kid })
    .setIssuer(TOKEN_ISSUER)
    .setAudience(['openagents-control', 'openagents-runtime'])
    .setIssuedAt()
    .setExpirationTime('1h')
    .setJti(newId('tok'))
    .sign(key.privateKey);
}

async function namedKey(kid: string): Promise<NamedKey> {
  const { privateKey, publicKey } = await generateKeyPair('EdDSA', { extractable: true });
  return { kid, privateKey, publicJwk: { ...(await exportJWK(publicKey)), kid, alg: 'EdDSA' } };
}

export function sha256Text(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
