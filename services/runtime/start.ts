import { Client } from '@temporalio/client';
import { OpenTelemetryWorkflowClientInterceptor } from '@temporalio/interceptors-opentelemetry';
import { connect } from '#db/connect.ts';
import { createHinter } from '#db/runtime/hint.ts';
import { createCommandStore } from '#db/runtime/idempotency.ts';
import { createNonceStore } from '#db/runtime/internal-nonces.ts';
import { createJournal } from '#db/runtime/journal.ts';
import { noteUnreachedRun } from '#db/runtime/open-runs.ts';
import { assertSchemaVersion } from '#db/schema-version.ts';
import { reachFaultPoints } from '#db/transaction.ts';
import { DEFAULT_WINDOW } from '#proto/compat.ts';
import { runWorkflowId } from '#workflows/run/messages.ts';
import { createAccessTokenVerifier, remoteKeySet } from '../shared/access-token.ts';
import { createDirectoryStore } from '../shared/artifact-store.ts';
import { faultPointsOf } from '../shared/fault-points.ts';
import { hinterOptions } from '../shared/hints.ts';
import { createAuthenticator } from '../shared/http/authenticate.ts';
import { createCompatibilityCheck } from '../shared/http/compatibility.ts';
import { createAssertionVerifier } from '../shared/internal-assertion.ts';
import { createLogger } from '../shared/logger.ts';
import { dataConverterOf } from '../shared/payloads/data-converter.ts';
import { readPayloadKeys } from '../shared/payloads/key-ring.ts';
import { createOperations } from '../shared/readiness.ts';
import { type RunningServer, startServer } from '../shared/server.ts';
import { readPublicKeySet } from '../shared/service-keys.ts';
import { openTemporalConnection } from '../shared/temporal-connection.ts';
import { topicPolicies } from '../shared/topic-policy.ts';
import { createTracing } from '../shared/tracing.ts';
import { createRuntimeApp } from './app.ts';
import type { RuntimeConfig } from './config.ts';
import type { RuntimeDeps } from './deps.ts';
import { createRevocationList } from './internal/revocation-list.ts';
import { createRuntimeMetrics } from './metrics.ts';
import { createLoopWatch } from './runs/loop-watch.ts';
import { createRunWorkflows } from './runs/run-workflows.ts';
import { startSweep } from './sweep.ts';

const SERVICE = 'runtime';
const AUDIENCE = 'openagents-runtime';

/** Control forwards the calls of people; no other service speaks for one. */
const GATEWAYS = ['control'];

/** Appends, reads and claims of one process; two cores keep half of it busy. */
const POOL_SIZE = 12;

/** Brings the runtime up. @throws ConfigurationError for key files that cannot serve */
export async function startRuntime(
  config: RuntimeConfig,
  options: { now?: () => number } = {},
): Promise<RunningServer> {
  const { now = Date.now } = options;
  const trusted = readPublicKeySet(
    'OA_TRUSTED_SERVICES_FILE',
    config.OA_TRUSTED_SERVICES_FILE,
    config.OA_ENV,
  );
  const payloads = dataConverterOf(readPayloadKeys(config));
  const buildId = config.OA_BUILD_ID;
  const tracing = createTracing({ service: SERVICE, file: config.OA_TRACE_FILE });
  const logger = createLogger({ service: SERVICE, level: config.OA_LOG_LEVEL, buildId, tracing });
  const metrics = createRuntimeMetrics();
  const url = config.RUNTIME_DATABASE_URL;
  const sql = connect({ url, max: POOL_SIZE, applicationName: 'oa-runtime' });
  const hinter = createHinter(hinterOptions(config, { url, applicationName: 'oa-runtime-hints' }));
  const faults = faultPointsOf(SERVICE, config);
  reachFaultPoints(sql, faults);
  const policies = topicPolicies(config.TOPIC_POLICY);
  const { publishRatePerSecond } = policies.run_events;
  const journal = createJournal({ sql, hint: hinter.hint, clock: now, publishRatePerSecond });
  const temporal = openTemporalConnection(config.TEMPORAL_ADDRESS);
  const client = new Client({
    connection: temporal.connection,
    namespace: config.TEMPORAL_NAMESPACE,
    dataConverter: payloads,
    interceptors: {
      workflow: [new OpenTelemetryWorkflowClientInterceptor({ tracer: tracing.tracer })],
    },
  });
  const commands = createCommandStore(sql);
  const nonces = createNonceStore(sql);
  const workflows = createRunWorkflows(client, logger, (runId) => noteUnreachedRun(sql, runId));
  const runtime: RuntimeDeps = {
    sql,
    journal,
    workflows,
    loops: createLoopWatch({ sql, journal, workflows, metrics, logger, now }),
    artifacts: createDirectoryStore(config.OA_ARTIFACTS_DIR),
    metrics,
    tracing,
    logger,
    now,
    payloadCodecs: payloads.payloadCodecs ?? [],
    workerLeaseMs: config.OA_WORKER_LEASE_MS,
    policies,
    historyUrl: historyUrlOf(config),
  };
  const operations = createOperations({
    service: SERVICE,
    buildId,
    metrics,
    checks: [
      { name: 'postgres', check: () => assertSchemaVersion(sql, 'runtime') },
      { name: 'temporal', check: () => runtime.workflows.check() },
      { name: 'artifacts', check: () => runtime.artifacts.check() },
    ],
  });
  const app = createRuntimeApp({
    runtime,
    operations,
    allowedOrigins: config.RUNTIME_ALLOWED_ORIGINS,
    operatorOrigin: new URL(config.TEMPORAL_UI_URL).origin,
    api: {
      commands,
      faults,
      authenticate: createAuthenticator({
        verifyAccessToken: createAccessTokenVerifier({
          keys: remoteKeySet(config.CONTROL_JWKS_URL),
          audience: AUDIENCE,
          now,
        }),
        verifyAssertion: createAssertionVerifier({
          audience: SERVICE,
          trusted,
          nonces,
          gateways: GATEWAYS,
          now,
        }),
        isRevoked: createRevocationList(sql, now),
        onFailure: (reason) => metrics.auth_failures_total.record(1, { reason }),
      }),
      checkCompatibility: createCompatibilityCheck(DEFAULT_WINDOW, (outcome) =>
        metrics.compatibility_checks_total.record(1, { outcome }),
      ),
    },
  });
  const sweep = startSweep([commands, nonces], logger);
  return startServer({
    app,
    host: config.OA_HOST,
    port: config.RUNTIME_PORT,
    logger,
    onDrain: operations.startDraining,
    closers: [
      () => sweep.close(),
      () => runtime.loops.close(),
      () => runtime.workflows.close(),
      () => journal.close(),
      () => hinter.close(),
      () => sql.end({ timeout: 1 }),
      () => temporal.close(),
      () => tracing.close(),
    ],
  });
}

function historyUrlOf(config: RuntimeConfig): (runId: string) => string {
  const base = `${config.TEMPORAL_UI_URL}/namespaces/${config.TEMPORAL_NAMESPACE}/workflows`;
  return (runId) => `${base}/${encodeURIComponent(runWorkflowId(runId))}`;
}
