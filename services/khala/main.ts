import { assertSchemaVersion } from '#db/schema-version.ts';
import { DEFAULT_WINDOW } from '#proto/compat.ts';
import { remoteKeySet } from '#services/shared/access-token.ts';
import { clockOf } from '#services/shared/clock.ts';
import { loadConfig } from '#services/shared/config.ts';
import { faultPointsOf } from '#services/shared/fault-points.ts';
import { createLogger } from '#services/shared/logger.ts';
import { createOperations } from '#services/shared/readiness.ts';
import { startServer, stopOnSignals } from '#services/shared/server.ts';
import { topicPolicies } from '#services/shared/topic-policy.ts';
import { khalaSettings } from './config.ts';
import { createOperatorAccess } from './fanout/operator-access.ts';
import { createFanoutRoute } from './fanout/serve-fanout.ts';
import { createHintSource } from './hints/hint-drivers.ts';
import { createKhalaMetrics } from './metrics.ts';
import { createKhalaNode } from './node.ts';

const config = loadConfig(khalaSettings, process.env);
const logger = createLogger({
  service: 'khala',
  level: config.OA_LOG_LEVEL,
  buildId: config.OA_BUILD_ID,
});
const metrics = createKhalaMetrics();
const keys = remoteKeySet(config.CONTROL_JWKS_URL);
const policies = topicPolicies(config.TOPIC_POLICY);
const now = clockOf('khala', config);

const node = createKhalaNode({
  databaseUrl: config.KHALA_DATABASE_URL,
  hints: createHintSource({
    driver: config.KHALA_HINTS,
    databaseUrl: config.KHALA_DATABASE_URL,
    natsUrl: config.KHALA_NATS_URL,
  }),
  nodeId: config.KHALA_NODE_ID,
  keys,
  allowedOrigins: config.KHALA_ALLOWED_ORIGINS,
  trustedProxies: config.KHALA_TRUSTED_PROXIES,
  socketsPerUserMax: config.KHALA_SOCKETS_PER_USER_MAX,
  socketsPerAddressMax: config.KHALA_SOCKETS_PER_ADDRESS_MAX,
  window: DEFAULT_WINDOW,
  timing: {
    helloTimeoutMs: config.KHALA_HELLO_TIMEOUT_MS,
    heartbeatIntervalMs: config.KHALA_HEARTBEAT_INTERVAL_MS,
    deadAfterMs: config.KHALA_DEAD_AFTER_MS,
    stalledAfterMs: config.KHALA_STALLED_AFTER_MS,
  },
  policies,
  safetyPollMs: config.KHALA_SAFETY_POLL_MS,
  drainWindowMs: config.KHALA_DRAIN_WINDOW_MS,
  metrics,
  onFault: (where, fault) => logger.error({ err: fault }, `fault of ${where}`),
  now,
  logger,
  faults: faultPointsOf('khala', config),
});

const operations = createOperations({
  service: 'khala',
  buildId: config.OA_BUILD_ID,
  checks: [
    { name: 'postgres', check: () => node.checkDatabase() },
    { name: 'revocations', check: () => node.checkRevocations() },
    { name: 'schema', check: () => assertSchemaVersion(node.sql, 'runtime') },
  ],
  metrics,
});

const fanout = createFanoutRoute({
  authenticate: createOperatorAccess(config, keys, now),
  metrics: (topicLimit) => ({ ...node.fanout(topicLimit), driver: config.KHALA_HINTS }),
  logger,
});

const running = await startServer({
  app: operations.routes.route('/', node.routes).route('/', fanout),
  host: config.OA_HOST,
  port: config.KHALA_PORT,
  logger,
  async onDrain() {
    operations.startDraining();
    await node.drain();
  },
  closers: [() => node.close()],
});
running.server.on('upgrade', node.upgrade);
await node.start();
stopOnSignals(running, logger);
