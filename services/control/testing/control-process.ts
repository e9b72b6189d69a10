import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { type TestDatabase, testDatabase } from '#db/testing/database.ts';
import type { AuthVerifyResponse } from '#proto/gen/types.ts';
import { readMessage } from '#proto/validate.ts';
import { readConfig } from '../../shared/config.ts';
import { controlSettings } from '../config.ts';
import { startControl } from '../start.ts';
import { startUpstreamServer, type UpstreamServer } from './upstream-server.ts';

/** A clock that only moves when told. It starts at the present, because tokens are also read by real clocks. */
export interface TestClock {
  advance(ms: number): void;
  now(): Date;
}

export interface TestControl {
  readonly url: string;
  readonly database: TestDatabase;
  readonly upstream: UpstreamServer;
  readonly clock: TestClock;
  /** What the process was started with; a second one may be started with it. */
  readonly settings: Record<string, string>;
  /** What the process printed. */
  readonly printed: string[];
  /** The private keys of its tokens, to forge some. */
  readonly tokenKeys: readonly JWK[];
  request(path: string, init?: RequestInit & { token?: string; json?: unknown }): Promise<Response>;
  /** Asks for a code and reads it off the terminal. */
  askCode(email: string): Promise<{ challengeId: string; code: string }>;
  logIn(email: string, deviceId?: string): Promise<AuthVerifyResponse>;
  auditOf(event: string): Promise<AuditLine[]>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AuditLine {
  outcome: string;
  audit_id: string;
  request_id: string;
  user_id: string;
  session_id: string;
  attributes: Record<string, unknown>;
}

export interface TestControlOptions {
  readonly settings?: Record<string, string>;
  readonly gatewayTimeoutMs?: number;
}

/** A whole control process over real HTTP and real Postgres, with the runtime's address answered by the test. */
export async function startTestControl(options: TestControlOptions = {}): Promise<TestControl> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-control-'));
  const file = (name: string) => join(directory, name);
  const tokenKeys = [await privateJwk('token-current'), await privateJwk('token-retiring')];
  const serviceKey = await privateJwk('control');
  const trusted = { keys: [publicJwk(serviceKey)] };
  await writeFile(file('tokens.json'), JSON.stringify({ keys: tokenKeys }));
  await writeFile(file('service.json'), JSON.stringify(serviceKey));
  await writeFile(file('trusted.json'), JSON.stringify(trusted));
  await writeFile(
    file('root.json'),
    JSON.stringify({ key: randomBytes(32).toString('base64url') }),
  );

  const database = await testDatabase(['control']);
  const clock = createTestClock();
  const upstream = await startUpstreamServer(trusted, clock.now);
  const printed: string[] = [];
  const settings = {
    OA_ENV: 'test',
    OA_LOG_LEVEL: 'silent',
    CONTROL_PORT: '0',
    CONTROL_DATABASE_URL: database.controlUrl,
    CONTROL_PUBLIC_URL: 'http://127.0.0.1:8787',
    RUNTIME_URL: upstream.url,
    KHALA_URL: 'ws://127.0.0.1:4200/v1/sync',
    CONTROL_TOKEN_KEYS_FILE: file('tokens.json'),
    CONTROL_REFRESH_KEY_FILE: file('root.json'),
    OA_SERVICE_KEY_FILE: file('service.json'),
    OA_TRUSTED_SERVICES_FILE: file('trusted.json'),
    OA_AUTH_PROVIDER_MODE: 'local',
    ...options.settings,
  };
  const config = readConfig(controlSettings, settings);
  const running = await startControl(config, {
    now: clock.now,
    print: (line) => printed.push(line),
    ...(options.gatewayTimeoutMs && { gatewayTimeoutMs: options.gatewayTimeoutMs }),
  });

  const control: TestControl = {
    url: running.url,
    database,
    upstream,
    clock,
    printed,
    tokenKeys,
    settings,
    request(path, { token, json, ...init } = {}) {
      const headers = new Headers(init.headers);
      if (token) headers.set('authorization', `Bearer ${token}`);
      if (json === undefined) return fetch(`${running.url}${path}`, { ...init, headers });
      headers.set('content-type', 'application/json');
      const body = JSON.stringify(json);
      return fetch(`${running.url}${path}`, { method: 'POST', ...init, headers, body });
    },
    async askCode(email) {
      const { data } = await read(await control.request('/api/auth/email', { json: { email } }));
      const code = /: (\d{3}-\d{3}) /.exec(printed.at(-1) ?? '')?.[1];
      if (!code) throw new Error(`no code was printed: ${printed.at(-1)}`);
      return { challengeId: String(data['challenge_id']), code };
    },
    async logIn(email, deviceId = 'laptop') {
      const { challengeId, code } = await control.askCode(email);
      const json = { challenge_id: challengeId, code, device: { device_id: deviceId } };
      const answer = await control.request('/api/auth/verify', { json });
      const { data } = await read(answer);
      return readMessage('openagents.control.v1.AuthVerifyResponse', data);
    },
    async auditOf(event) {
      return database.owner<AuditLine[]>`
        select outcome, audit_id, request_id, user_id, session_id, attributes
        from control.audit_log where event_name = ${event} order by occurred_at, audit_id`;
    },
    async [Symbol.asyncDispose]() {
      await running.close();
      await upstream.close();
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    },
  };
  return control;
}

/** The envelope of a success, or an error with what came instead. */
export async function read(response: Response) {
  const envelope = await response.json();
  if (!response.ok) throw new Error(`${response.status}: ${JSON.stringify(envelope)}`);
  return envelope as { data: Record<string, unknown>; receipt?: { audit_id: string } };
}

/** Status and code of a refusal. */
export async function refusal(response: Response): Promise<string> {
  const { code } = (await response.json()) as { code?: string };
  return `${response.status} ${code}`;
}

export async function privateJwk(kid: string): Promise<JWK> {
  const { privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
  return { ...(await exportJWK(privateKey)), kid, alg: 'EdDSA' };
}

function publicJwk({ d: _, ...jwk }: JWK): JWK {
  return jwk;
}

function createTestClock(): TestClock {
  let offsetMs = 0;
  const startedAt = Date.now();
  return {
    advance(ms) {
      offsetMs += ms;
    },
    now: () => new Date(startedAt + offsetMs),
  };
}
