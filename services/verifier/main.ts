/** The verifier's process: a Temporal worker for untrusted harnesses. No database role; its service key is its only secret. */
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { clockOf } from '#services/shared/clock.ts';
import { ConfigurationError, loadConfig, refuseToStart } from '#services/shared/config.ts';
import { faultPointsOf } from '#services/shared/fault-points.ts';
import { createAssertionSigner } from '#services/shared/internal-assertion.ts';
import { createLogger } from '#services/shared/logger.ts';
import { createMetrics } from '#services/shared/metrics.ts';
import { dataConverterOf } from '#services/shared/payloads/data-converter.ts';
import { readPayloadKeys } from '#services/shared/payloads/key-ring.ts';
import { createOperations } from '#services/shared/readiness.ts';
import { startServer, stopOnSignals } from '#services/shared/server.ts';
import { readPrivateKey } from '#services/shared/service-keys.ts';
import { createTracing } from '#services/shared/tracing.ts';
import { TASK_QUEUES } from '#temporal.config';
import { verifierSettings } from './config.ts';
import { createHarnessActivities } from './harness/activity.ts';
import { createRunArtifacts } from './harness/artifacts.ts';
import { VERIFIER_METRICS } from './metrics.ts';
import { observeHarness } from './observe-harness.ts';
import { openVerifierSandbox } from './open-sandbox.ts';
import { NoSandboxError } from './sandbox/create-sandbox.ts';
import { closeInheritedDescriptors } from './sandbox/inherited-descriptors.ts';

/** A harness that was told to stop is killed and its directories are removed within this. */
const SHUTDOWN_GRACE_MS = 2_000;
const SHUTDOWN_FORCE_MS = 4_000;

/** Cancellation travels on heartbeats, which the SDK otherwise thins out to most of the heartbeat timeout. */
const CANCEL_ARRIVES_WITHIN_MS = 2_000;

/** What the SDK warns about in every worker that, like this one, only has activities. */
const NO_WORKFLOWS_MESSAGE = 'No workflows registered';

const SERVICE = 'verifier';

closeInheritedDescriptors(
  process.env['NODE_CHANNEL_FD'] ? [Number(process.env['NODE_CHANNEL_FD'])] : [],
);
const config = loadConfig(verifierSettings, process.env);
const tracing = createTracing({ service: SERVICE, file: config.OA_TRACE_FILE });
const logger = createLogger({
  service: SERVICE,
  level: config.OA_LOG_LEVEL,
  buildId: config.OA_BUILD_ID,
  tracing,
});
const metrics = createMetrics(SERVICE, VERIFIER_METRICS);
const [key, dataConverter] = await readKeys().catch((error: unknown) => {
  if (error instanceof ConfigurationError) return refuseToStart(error);
  throw error;
});

async function readKeys() {
  const { OA_SERVICE_KEY_FILE: file, OA_ENV } = config;
  const service = await readPrivateKey('OA_SERVICE_KEY_FILE', file, OA_ENV);
  return [service, dataConverterOf(readPayloadKeys(config))] as const;
}

const room = await openVerifierSandbox(config, process.env, logger).catch((error) => {
  if (!(error instanceof NoSandboxError)) throw error;
  return refuseToStart(new ConfigurationError([`OA_ALLOW_UNSANDBOXED: ${error.message}`]));
});
for (const flag of room.sandbox.isolation.enforced) metrics.sandbox_flags.record(1, { flag });
for (const flag of room.sandbox.isolation.unenforced) metrics.sandbox_flags.record(0, { flag });

Runtime.install({
  shutdownSignals: [],
  logger: new DefaultLogger('WARN', ({ message, meta }) => {
    const byDesign = message.startsWith(NO_WORKFLOWS_MESSAGE);
    logger[byDesign ? 'debug' : 'warn']({ ...meta }, message);
  }),
});
const [connection, toolchain] = await Promise.all([
  NativeConnection.connect({ address: config.TEMPORAL_ADDRESS }),
  room.toolchain,
]);
const worker = await Worker.create({
  connection,
  namespace: config.TEMPORAL_NAMESPACE,
  taskQueue: TASK_QUEUES.verification,
  dataConverter,
  activities: createHarnessActivities(
    {
      sandbox: room.sandbox,
      scratch: room.scratch.directory,
      caches: config.OA_VERIFIER_CACHES,
      egressSocket: room.egressSocket,
      toolchain,
      artifacts: createRunArtifacts({
        runtimeUrl: config.RUNTIME_URL,
        sign: createAssertionSigner({ key, now: clockOf(SERVICE, config) }),
      }),
    },
    observeHarness({ logger, metrics, tracing }),
    faultPointsOf(SERVICE, config),
  ) as unknown as Record<string, (input: never) => Promise<unknown>>,
  maxConcurrentActivityTaskExecutions: config.OA_VERIFIER_CONCURRENCY,
  maxHeartbeatThrottleInterval: CANCEL_ARRIVES_WITHIN_MS,
  shutdownGraceTime: SHUTDOWN_GRACE_MS,
  shutdownForceTime: SHUTDOWN_FORCE_MS,
});

const operations = createOperations({
  service: SERVICE,
  buildId: config.OA_BUILD_ID,
  metrics,
  checks: [
    { name: 'temporal', check: () => connection.workflowService.getSystemInfo({}) },
    {
      name: 'temporal_worker',
      check: async () => {
        if (worker.getState() !== 'RUNNING') throw new Error(`the worker is ${worker.getState()}`);
      },
    },
    { name: 'runtime', check: () => answers(new URL('/healthz', config.RUNTIME_URL)) },
  ],
});
operations.routes.get('/isolation', (c) =>
  c.json({ ...room.sandbox.isolation, limits: room.sandbox.limits, toolchain }),
);

const working = worker.run();
const running = await startServer({
  app: operations.routes,
  host: config.OA_HOST,
  port: config.VERIFIER_PORT,
  logger,
  onDrain: () => {
    operations.startDraining();
    if (worker.getState() === 'RUNNING') worker.shutdown();
  },
  closers: [() => working, () => connection.close(), () => room.close(), () => tracing.close()],
});
stopOnSignals(running, logger);
working.catch((error) => {
  logger.fatal({ err: error }, 'the worker ended');
  void room.close().finally(() => process.exit(1));
});

async function answers(url: URL): Promise<void> {
  const { ok, status } = await fetch(url);
  if (!ok) throw new Error(`${url.href} answers ${status}`);
}
