import type { Logger } from 'pino';
import { connect, type Sql } from '#db/connect.ts';
import { claimNonce } from '#db/control/internal-nonces.ts';
import { findSession } from '#db/control/sessions.ts';
import { assertSchemaVersion } from '#db/schema-version.ts';
import type { Tx } from '#db/transaction.ts';
import { DEFAULT_WINDOW } from '#proto/compat.ts';
import { createAccessTokenVerifier } from '../shared/access-token.ts';
import type { ApiDeps } from '../shared/http/api.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import type { Person } from '../shared/http/caller.ts';
import { createCompatibilityCheck } from '../shared/http/compatibility.ts';
import { createAssertionSigner, createAssertionVerifier } from '../shared/internal-assertion.ts';
import { createLogger } from '../shared/logger.ts';
import { createOperations } from '../shared/readiness.ts';
import { type RunningServer, startServer } from '../shared/server.ts';
import { createTracing, type Tracing } from '../shared/tracing.ts';
import { createControlApp } from './app.ts';
import type { ControlConfig } from './config.ts';
import type { ControlDeps } from './control-deps.ts';
import { createGateway } from './gateway/gateway.ts';
import { createUpstream } from './gateway/upstream.ts';
import { createCommandStore } from './guards/command-store.ts';
import { createGates } from './guards/rate-limit.ts';
import { startHousekeeping } from './housekeeping.ts';
import { createLocalProvider } from './identity/local-provider.ts';
import { type ControlKeys, readControlKeys } from './keys.ts';
import { type ControlMetrics, createControlMetrics } from './metrics.ts';
import { createRuntimeClient } from './runtime-client.ts';
import { createSecrets } from './secrets.ts';
import { startRevocationCourier } from './sessions/revocation-courier.ts';
import { createKeyRing } from './tokens/key-ring.ts';

const SERVICE = 'control';

/** Above the longest that the runtime lets a call wait for a worker (55 s), so that its answer is what arrives. */
const GATEWAY_TIMEOUT_MS = 65_000;

export interface ControlOptions {
  readonly now?: () => Date;
  /** Where login codes go in development. */
  readonly print?: (line: string) => void;
  readonly gatewayTimeoutMs?: number;
}

/** What every part of the process stands on. */
interface Ground {
  readonly config: ControlConfig;
  readonly fileKeys: ControlKeys;
  readonly sql: Sql;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly metrics: ControlMetrics;
  readonly now: () => Date;
}

/** Brings control up. @throws ConfigurationError for key files that cannot serve */
export async function startControl(
  config: ControlConfig,
  options: ControlOptions = {},
): Promise<RunningServer> {
  const {
    now = () => new Date(),
    print = printLine,
    gatewayTimeoutMs = GATEWAY_TIMEOUT_MS,
  } = options;
  const fileKeys = await readControlKeys(config);
  const buildId = config.OA_BUILD_ID;
  const tracing = createTracing({ service: SERVICE, file: config.OA_TRACE_FILE });
  const logger = createLogger({ service: SERVICE, level: config.OA_LOG_LEVEL, buildId, tracing });
  const metrics = createControlMetrics();
  const sql = connect({ url: config.CONTROL_DATABASE_URL, applicationName: 'oa-control' });
  const ground: Ground = { config, fileKeys, sql, logger, tracing, metrics, now };

  const sign = createAssertionSigner({ key: fileKeys.service, now: () => now().getTime() });
  const runtime = createRuntimeClient({ runtimeUrl: config.RUNTIME_URL, sign });
  const upstream = createUpstream(config.RUNTIME_URL, gatewayTimeoutMs);
  const housekeeping = startHousekeeping(ground);
  const courier = startRevocationCourier({
    ...ground,
    runtime,
    onTold: (lagMs) => metrics.control_revocations_told_seconds.record(lagMs / 1000, {}),
    onFailed: () => metrics.control_revocation_failures_total.record(1, {}),
  });
  const control = { ...controlDeps(ground, print), runtime, courier };
  const operations = createOperations({
    service: SERVICE,
    buildId,
    checks: [{ name: 'postgres', check: () => assertSchemaVersion(sql, 'control') }],
    metrics,
  });
  const app = createControlApp({
    control,
    operations,
    api: apiDeps(ground, control),
    forward: createGateway({ upstream, sign, traceparent: tracing.traceparent, metrics }),
    allowedOrigins: config.CONTROL_ALLOWED_ORIGINS,
    trustedProxies: config.CONTROL_TRUSTED_PROXIES,
    desktopDownloadUrl: config.OA_DESKTOP_DOWNLOAD_URL,
  });
  return startServer({
    app,
    host: config.OA_HOST,
    port: config.CONTROL_PORT,
    logger,
    onDrain: operations.startDraining,
    closers: [
      () => courier.close(),
      () => housekeeping.close(),
      () => upstream.close(),
      () => sql.end({ timeout: 1 }),
      () => tracing.close(),
    ],
  });
}

function controlDeps(
  ground: Ground,
  print: (line: string) => void,
): Omit<ControlDeps, 'runtime' | 'courier'> {
  const { config, fileKeys, sql, metrics, now } = ground;
  const secrets = createSecrets(fileKeys.root);
  const challengeTtlS = config.OA_AUTH_CHALLENGE_TTL_SECONDS;
  return {
    ...ground,
    secrets,
    keys: createKeyRing(fileKeys.tokens),
    provider: createLocalProvider({ print, validMinutes: Math.round(challengeTtlS / 60) }),
    policy: {
      challengeTtlMs: challengeTtlS * 1000,
      accessTtlMs: config.OA_AUTH_ACCESS_TTL_SECONDS * 1000,
      refreshTtlMs: config.OA_AUTH_REFRESH_TTL_SECONDS * 1000,
      operators: new Set(config.CONTROL_OPERATORS),
    },
    passGate: createGates({
      sql,
      secrets,
      now,
      onRefused: (gate) => metrics.control_rate_limited_total.record(1, { gate }),
    }),
    runtimeUrl: config.RUNTIME_URL,
    khalaUrl: config.KHALA_URL,
  };
}

function apiDeps(ground: Ground, { keys }: Pick<ControlDeps, 'keys'>): ApiDeps<Tx> {
  const { fileKeys, sql, logger, tracing, metrics, now } = ground;
  return {
    span: 'control.request',
    authenticate: createAuthenticator({
      verifyAccessToken: createAccessTokenVerifier({
        keys: keys.verify,
        audience: 'openagents-control',
        now: () => now().getTime(),
      }),
      verifyAssertion: createAssertionVerifier({
        audience: SERVICE,
        trusted: fileKeys.trusted,
        nonces: { claim: (jti, expiresAt) => claimNonce(sql, jti, expiresAt) },
        now: () => now().getTime(),
      }),
      isRevoked: (person) => isRevoked(sql, person),
      onFailure: (reason) => metrics.auth_failures_total.record(1, { reason }),
    }),
    commands: createCommandStore({ sql, now }),
    checkCompatibility: createCompatibilityCheck(DEFAULT_WINDOW, (outcome) =>
      metrics.compatibility_checks_total.record(1, { outcome }),
    ),
    logger,
    tracing,
    metrics,
  };
}

/** An access token is as good as its session: revoking ends it here at once, elsewhere when the runtime has heard. */
async function isRevoked(sql: Sql, { session_id, user_id }: Person): Promise<boolean> {
  const session = await findSession(sql, session_id);
  return session?.status !== 'active' || session.user_id !== user_id;
}

function printLine(line: string): void {
  process.stdout.write(`${line}\n`);
}
