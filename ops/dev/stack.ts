import { existsSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import postgres from 'postgres';
import { NAMESPACE } from '#temporal.config';
import { accepts } from './accepts.ts';
import { preparePostgres } from './embedded-postgres.ts';
import { httpGet } from './http-get.ts';
import { ensureKeys, type KeyFiles } from './keys.ts';
import type { Layout } from './layout.ts';
import { migrateDatabase } from './migrate-process.ts';
import type { PortName, Ports } from './ports.ts';
import { reroute } from './reroute.ts';
import type { Part } from './supervisor.ts';
import { temporalCli, temporalVersion } from './temporal-cli.ts';
import { temporalServerArguments } from './temporal-server.ts';

export interface Stack {
  parts: Part[];
  /** What a person sees beside the name of a part: where it answers and what it is. */
  labels: Record<string, { address: string; note: string }>;
  /** The ports that the parts of this stack listen on. */
  listens: PortName[];
}

/** The parts of the local stack, with `DATABASE_URL` and `TEMPORAL_ADDRESS` in the place of the embedded ones. */
export async function describeStack(
  layout: Layout,
  ports: Ports,
  env: NodeJS.ProcessEnv,
): Promise<Stack> {
  await mkdir(layout.logs, { recursive: true });
  await mkdir(layout.artifacts, { recursive: true });
  const keys = await ensureKeys(layout.keys);
  const stack: Stack = { parts: [], labels: {}, listens: [] };
  const adminUrl = env['DATABASE_URL'] || (await addPostgres(stack, layout, ports));
  const temporalAddress = env['TEMPORAL_ADDRESS'] || (await addTemporal(stack, layout, ports, env));
  addServices(stack, { layout, ports, keys, adminUrl, temporalAddress, env });
  return stack;
}

async function addPostgres(stack: Stack, layout: Layout, ports: Ports): Promise<string> {
  // Started by root, the server runs as user postgres, who has to reach the data directory.
  if (process.getuid?.() === 0) await chmod(layout.data, 0o755);
  const isNew = !existsSync(join(layout.postgres, 'PG_VERSION'));
  const { url, ...command } = await preparePostgres({
    directory: layout.postgres,
    port: ports.postgres,
  });
  stack.parts.push({
    name: 'postgres',
    ...command,
    needs: [],
    stopSignal: 'SIGINT',
    isReady: () => servesSql(url),
  });
  stack.labels['postgres'] = {
    address: `127.0.0.1:${ports.postgres}`,
    note: isNew ? 'embedded, new' : 'embedded',
  };
  stack.listens.push('postgres');
  return url;
}

/** As production does it; off by default, so that a developer reads a history without a token. */
function encrypts(env: NodeJS.ProcessEnv): boolean {
  return env['OA_PAYLOAD_CODEC'] === '1';
}

async function addTemporal(
  stack: Stack,
  layout: Layout,
  ports: Ports,
  env: NodeJS.ProcessEnv,
): Promise<string> {
  const cli = await temporalCli(layout.cache);
  const args = temporalServerArguments({
    cliPath: cli.path,
    port: ports.temporal,
    uiPort: ports.temporalUi,
    databaseFile: layout.temporalDatabase,
    codecEndpoint: encrypts(env) ? `http://127.0.0.1:${ports.runtime}/codec` : undefined,
  });
  stack.parts.push({
    name: 'temporal',
    command: cli.path,
    args,
    needs: [],
    isReady: () => accepts(ports.temporal),
  });
  stack.labels['temporal'] = {
    address: `127.0.0.1:${ports.temporal}`,
    note: `UI http://127.0.0.1:${ports.temporalUi}, ${temporalVersion(cli.path)}`,
  };
  stack.listens.push('temporal', 'temporalUi');
  return `127.0.0.1:${ports.temporal}`;
}

interface ServiceContext {
  layout: Layout;
  ports: Ports;
  keys: KeyFiles;
  adminUrl: string;
  temporalAddress: string;
  env: NodeJS.ProcessEnv;
}

function addServices(stack: Stack, context: ServiceContext): void {
  const { layout, ports, keys, adminUrl, temporalAddress, env } = context;
  const http = (port: number) => `http://127.0.0.1:${port}`;
  const database = (role: keyof KeyFiles['databasePasswords']) => {
    const url = new URL(adminUrl);
    url.username = role;
    url.password = keys.databasePasswords[role];
    return url.href;
  };
  const common = { OA_ENV: env['OA_ENV'] ?? 'development', OA_HOST: '127.0.0.1' };
  const temporal = { TEMPORAL_ADDRESS: temporalAddress, TEMPORAL_NAMESPACE: NAMESPACE };
  const temporalUi = { TEMPORAL_UI_URL: http(ports.temporalUi) };
  const jwks = { CONTROL_JWKS_URL: `${http(ports.control)}/.well-known/jwks.json` };
  const trusted = { OA_TRUSTED_SERVICES_FILE: keys.trustedServices };
  const verificationPayloads = encrypts(env) && {
    OA_VERIFICATION_PAYLOAD_KEYS_FILE: keys.verificationPayloads,
  };
  const payloads = encrypts(env) && {
    OA_PAYLOAD_KEYS_FILE: keys.payloads,
    ...verificationPayloads,
  };
  const environments = {
    control: {
      CONTROL_PORT: String(ports.control),
      CONTROL_DATABASE_URL: database('oa_control'),
      CONTROL_PUBLIC_URL: http(ports.control),
      CONTROL_TOKEN_KEYS_FILE: keys.controlTokens,
      CONTROL_REFRESH_KEY_FILE: keys.controlRefresh,
      RUNTIME_URL: http(ports.runtime),
      KHALA_URL: `ws://127.0.0.1:${ports.khala}/v1/sync`,
      OA_SERVICE_KEY_FILE: keys.serviceKey('control'),
      OA_AUTH_PROVIDER_MODE: 'local',
      CONTROL_OPERATORS: env['CONTROL_OPERATORS'] ?? '',
      ...trusted,
    },
    runtime: {
      RUNTIME_PORT: String(ports.runtime),
      RUNTIME_DATABASE_URL: database('oa_runtime'),
      OA_ARTIFACTS_DIR: layout.artifacts,
      OA_SERVICE_KEY_FILE: keys.serviceKey('runtime'),
      ...payloads,
      ...temporal,
      ...temporalUi,
      ...jwks,
      ...trusted,
    },
    khala: {
      KHALA_PORT: String(ports.khala),
      KHALA_DATABASE_URL: database('oa_khala'),
      ...jwks,
      ...trusted,
    },
    worker: {
      WORKER_PORT: String(ports.worker),
      RUNTIME_DATABASE_URL: database('oa_runtime'),
      OA_ARTIFACTS_DIR: layout.artifacts,
      OA_RECEIPT_KEYS_FILE: keys.receipts,
      OA_WORKFLOW_BUNDLE: join(layout.cache, 'workflows'),
      ...payloads,
      ...temporal,
      ...temporalUi,
    },
    verifier: {
      VERIFIER_PORT: String(ports.verifier),
      RUNTIME_URL: http(ports.runtime),
      OA_SERVICE_KEY_FILE: keys.serviceKey('verifier'),
      ...verificationPayloads,
      OA_ALLOW_UNSANDBOXED: env['OA_ALLOW_UNSANDBOXED'] ?? '1',
      ...temporal,
    },
  };
  const grounds = stack.parts.map((part) => part.name);
  const migrate = once(() => migrateDatabase(adminUrl, keys.databasePasswords));
  for (const [name, environment] of Object.entries(environments)) {
    const port = ports[name as PortName];
    stack.parts.push({
      name,
      command: process.execPath,
      args: [join(layout.root, 'services', name, 'main.ts')],
      env: reroute(name, { ...common, ...environment }, env['OA_REROUTE']),
      needs: grounds,
      prepare: migrate,
      isReady: () => answers(`${http(port)}/readyz`),
    });
    stack.labels[name] = { address: http(port), note: '' };
    stack.listens.push(name as PortName);
  }
}

function once(work: () => Promise<void>): () => Promise<void> {
  let started: Promise<void> | undefined;
  return () => {
    started ??= work();
    return started;
  };
}

/** Postgres accepts connections before it serves: while it recovers, it answers 57P03. */
async function servesSql(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, connect_timeout: 2, fetch_types: false, onnotice: () => {} });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const READY_TIMEOUT_MS = 2_000;

async function answers(url: string): Promise<boolean> {
  try {
    return (await httpGet(url, READY_TIMEOUT_MS)).ok;
  } catch {
    return false;
  }
}
