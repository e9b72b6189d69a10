/** The worker's process: runs the workflows and their activities, signs receipts, sweeps what time has ended. */
import { Client, Connection } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime } from '@temporalio/worker';
import { createActivities } from '#activities/index.ts';
import { createDeriveRunFiles } from '#activities/run/files/derive.ts';
import { createReconcileRun } from '#activities/run/reconcile.ts';
import { activityFaultPoints } from '#activities/shared/fault-points.ts';
import { connect } from '#db/connect.ts';
import { createHinter } from '#db/runtime/hint.ts';
import { createJournal } from '#db/runtime/journal.ts';
import { listSigningKeys } from '#db/runtime/receipts.ts';
import { assertSchemaVersion } from '#db/schema-version.ts';
import { reachFaultPoints } from '#db/transaction.ts';
import { DEPLOYMENTS, DEVELOPMENT_BUILD_ID } from '#temporal.config';
import { createDirectoryStore } from '../shared/artifact-store.ts';
import { clockOf } from '../shared/clock.ts';
import { ConfigurationError, loadConfig, refuseToStart } from '../shared/config.ts';
import { faultPointsOf } from '../shared/fault-points.ts';
import { hinterOptions } from '../shared/hints.ts';
import { createLogger } from '../shared/logger.ts';
import { createMetrics } from '../shared/metrics.ts';
import { dataConverterOf } from '../shared/payloads/data-converter.ts';
import { readPayloadKeys } from '../shared/payloads/key-ring.ts';
import { createOperations } from '../shared/readiness.ts';
import { startServer, stopOnSignals } from '../shared/server.ts';
import { readPrivateKeySet } from '../shared/service-keys.ts';
import { topicPolicies } from '../shared/topic-policy.ts';
import { createTracing } from '../shared/tracing.ts';
import { AUDIT_EVERY_MS, createAuditor } from './auditor/auditor.ts';
import { createJournalAuditor } from './auditor/journal-auditor.ts';
import { createCollector } from './collector/collector.ts';
import { workerSettings } from './config.ts';
import { keepCurrent } from './keep-current.ts';
import { WORKER_METRICS } from './metrics.ts';
import { observed } from './observe.ts';
import { createMissingFiles } from './reconciler/missing-files.ts';
import { createReconciler } from './reconciler/reconciler.ts';
import { createScheduler, journalSchedules, SCHEDULES_EVERY_MS } from './schedules.ts';
import { publishReceiptKeys } from './signing-keys.ts';
import { createSweeper, sweepForever } from './sweeper.ts';
import { createRuntimeWorker } from './temporal-worker.ts';
import { makeCurrent } from './versioning.ts';
import { workflowBundle } from './workflow-bundle.ts';

const SERVICE = 'worker';
const DAY_MS = 86_400_000;

const config = loadConfig(workerSettings, process.env);
const [keys, dataConverter] = await readKeys().catch((error: unknown) => {
  if (error instanceof ConfigurationError) return refuseToStart(error);
  throw error;
});

async function readKeys() {
  const { OA_RECEIPT_KEYS_FILE: file, OA_ENV } = config;
  const receipts = await readPrivateKeySet('OA_RECEIPT_KEYS_FILE', file, OA_ENV);
  return [receipts, dataConverterOf(readPayloadKeys(config))] as const;
}

const buildId = config.OA_BUILD_ID || DEVELOPMENT_BUILD_ID;
const tracing = createTracing({ service: SERVICE, file: config.OA_TRACE_FILE });
const logger = createLogger({ service: SERVICE, level: config.OA_LOG_LEVEL, buildId, tracing });
const metrics = createMetrics(SERVICE, WORKER_METRICS);
const temporalLogger = new DefaultLogger('WARN', ({ message, meta }) =>
  logger.warn({ ...meta }, message),
);
Runtime.install({ shutdownSignals: [], logger: temporalLogger });

const database = { url: config.RUNTIME_DATABASE_URL, applicationName: 'openagents-worker' };
const now = clockOf(SERVICE, config);
const faults = activityFaultPoints(faultPointsOf(SERVICE, config));
const sql = connect(database);
reachFaultPoints(sql, faults.inTransactions);
const hinter = createHinter(hinterOptions(config, database));
const journal = createJournal({ sql, hint: hinter.hint });
const artifacts = createDirectoryStore(config.OA_ARTIFACTS_DIR);

// Before anything else touches the tables: its message says what to run.
await assertSchemaVersion(sql, 'runtime');
const [bundle, connection, clientConnection, signingKey] = await Promise.all([
  workflowBundle(config.OA_WORKFLOW_BUNDLE, temporalLogger, dataConverter),
  NativeConnection.connect({ address: config.TEMPORAL_ADDRESS }),
  Connection.connect({ address: config.TEMPORAL_ADDRESS }),
  publishReceiptKeys(sql, SERVICE, keys),
]);
const deps = {
  sql,
  journal,
  artifacts,
  signingKey,
  keySet: () => listSigningKeys(sql),
  now,
};
const activities = createActivities(deps);
const worker = await createRuntimeWorker({
  connection,
  namespace: config.TEMPORAL_NAMESPACE,
  buildId,
  workflowBundle: bundle,
  dataConverter,
  activities: faults.around(observed(activities, { metrics, tracing, now })),
  traceFile: config.OA_TRACE_FILE,
});

const stopping = new AbortController();
const working = worker.run();
let isCurrent = false;
const version = {
  namespace: config.TEMPORAL_NAMESPACE,
  deploymentName: DEPLOYMENTS.worker,
  buildId,
};
const becoming = makeCurrent(connection, version, { logger, signal: stopping.signal }).then(() => {
  isCurrent = true;
  return keepCurrent(connection, version, { logger, signal: stopping.signal });
});
const client = new Client({
  connection: clientConnection,
  namespace: config.TEMPORAL_NAMESPACE,
  dataConverter,
});
const sweeps = {
  intervalMs: config.OA_SWEEP_INTERVAL_MS,
  abort: stopping.signal,
  onFailure(error: unknown) {
    metrics.sweep_failures_total.record(1, {});
    logger.warn({ err: error }, 'a sweep failed');
  },
};
const sweeping = sweepForever(
  createSweeper({
    sql,
    journal,
    client,
    now,
    count: (kind) => metrics.swept_total.record(1, { kind }),
  }),
  sweeps,
);
const reconciling = sweepForever(
  createReconciler({
    sql,
    client,
    reconcileRun: createReconcileRun({ sql, journal, now }),
    now,
    onReconciled(lost, decision) {
      metrics.reconciled_total.record(1, { found: lost.workflow_status, decision });
      logger.warn({ ...lost, decision }, 'an open run had lost its history');
    },
  }),
  sweeps,
);
const derivingFiles = sweepForever(
  createMissingFiles({
    sql,
    client,
    now,
    stopping: stopping.signal,
    deriveRunFiles: createDeriveRunFiles({ ...deps, heartbeat: () => undefined }),
    onDerived(run_id) {
      metrics.missing_files_derived_total.record(1, {});
      logger.warn({ run_id }, 'a run had ended without its files');
    },
  }),
  sweeps,
);
const auditing = sweepForever(
  createAuditor({
    sql,
    onAudited: (projection, count) => metrics.projection_audits_total.record(count, { projection }),
    onDrift(drift) {
      const { projection, entity_id, drift_class, fields } = drift;
      metrics.projection_drift_total.record(1, { projection, drift_class });
      logger.warn({ projection, entity_id, drift_class, fields }, 'a row had drifted from its log');
    },
  }),
  { ...sweeps, intervalMs: AUDIT_EVERY_MS },
);
const auditingJournal = sweepForever(
  createJournalAuditor({
    sql,
    onChecked: (topics) => metrics.sync_journal_checks_total.record(topics, {}),
    onDrift(drift) {
      const { topic, topicClass: topic_class, kind } = drift;
      metrics.sync_journal_drift_total.record(1, { topic_class, kind });
      logger.error({ topic, kind }, 'the journal contradicts its counters');
    },
  }),
  { ...sweeps, intervalMs: AUDIT_EVERY_MS },
);
const scheduling = sweepForever(
  createScheduler(
    client,
    journalSchedules({
      policy: topicPolicies(config.TOPIC_POLICY),
      retentionEveryMs: config.RETENTION_INTERVAL_MS,
    }),
  ),
  { ...sweeps, intervalMs: SCHEDULES_EVERY_MS },
);
const collecting = sweepForever(
  createCollector({
    sql,
    directory: config.OA_ARTIFACTS_DIR,
    now,
    graceMs: config.OA_ARTIFACT_GRACE_MS,
    keptMs: config.OA_ARTIFACTS_KEPT_DAYS === 0 ? null : config.OA_ARTIFACTS_KEPT_DAYS * DAY_MS,
    stopping: stopping.signal,
    onCollected(kind, count, bytes) {
      metrics.collected_total.record(count, { kind });
      metrics.collected_bytes_total.record(bytes, { kind });
      logger.info({ kind, count, bytes }, 'collected what nothing refers to');
    },
  }),
  {
    intervalMs: config.OA_COLLECT_INTERVAL_MS,
    abort: stopping.signal,
    onFailure(error) {
      metrics.sweep_failures_total.record(1, {});
      logger.warn({ err: error }, 'a pass of the artifact collector failed');
    },
  },
);

const operations = createOperations({
  service: SERVICE,
  buildId,
  metrics,
  checks: [
    { name: 'postgres', check: () => sql`select 1` },
    { name: 'schema', check: () => assertSchemaVersion(sql, 'runtime') },
    { name: 'artifacts', check: () => artifacts.check() },
    { name: 'temporal', check: () => connection.workflowService.getSystemInfo({}) },
    {
      name: 'temporal_worker',
      check: async () => {
        if (worker.getState() !== 'RUNNING') throw new Error(`the worker is ${worker.getState()}`);
        if (!isCurrent) throw new Error(`build ${buildId} is not current yet`);
      },
    },
  ],
});

const running = await startServer({
  app: operations.routes,
  host: config.OA_HOST,
  port: config.WORKER_PORT,
  logger,
  onDrain() {
    operations.startDraining();
    stopping.abort();
    if (worker.getState() === 'RUNNING') worker.shutdown();
  },
  closers: [
    () =>
      Promise.all([
        ...[working, sweeping, reconciling, derivingFiles, auditing, auditingJournal],
        ...[scheduling, collecting, becoming],
      ]),
    () => Promise.all([connection.close(), clientConnection.close()]),
    () => journal.close(),
    () => hinter.close(),
    () => sql.end({ timeout: 1 }),
    () => tracing.close(),
  ],
});
stopOnSignals(running, logger);
working.catch((error) => {
  logger.fatal({ err: error }, 'the worker ended');
  process.exit(1);
});
