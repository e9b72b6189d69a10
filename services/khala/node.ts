/** One Khala node: journal in, frames out. Composed here, so that a test runs the node that production runs. */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import type { Hono } from 'hono';
import type { JWTVerifyGetKey } from 'jose';
import { type Logger, pino } from 'pino';
import { connect, type Sql } from '#db/connect.ts';
import { listRevocations } from '#db/runtime/revocation-read.ts';
import type { FaultPoints } from '#proto/fault-points.ts';
import type { FanoutMetrics } from '#proto/gen/types.ts';
import { TOPIC_POLICY, type TopicClass } from '#proto/topics.ts';
import type { TopicPolicies } from '#services/shared/topic-policy.ts';
import { createAddressLimits } from './admission/address-limits.ts';
import { createClientAddress } from './admission/client-address.ts';
import { createAuditLog } from './audit/audit-log.ts';
import { createLiveSockets } from './authentication/live-sockets.ts';
import { createOriginPolicy } from './authentication/origin.ts';
import { createSyncTokenVerifier } from './authentication/sync-token.ts';
import { FanoutLog } from './fanout/fanout-log.ts';
import { topicWindows } from './fanout/topic-windows.ts';
import { NodeReader } from './feed/node-reader.ts';
import { ReplayReader } from './feed/replay-reader.ts';
import { createGate } from './gate.ts';
import type { HintSource } from './hints/hint-source.ts';
import { createHeadLookup } from './join/head-lookup.ts';
import { countReads, type ReadKind } from './journal/counted-reader.ts';
import { createJournalReader } from './journal/journal-reader.ts';
import { SOCKETS_PER_ADDRESS_MAX, SOCKETS_PER_USER_MAX } from './limits.ts';
import type { KhalaMetrics } from './metrics.ts';
import { createRevocations, type RevocationTiming } from './revocations/revocations.ts';
import { DeliveryCounts } from './session/delivery-counts.ts';
import { DeliveryRounds } from './session/delivery-rounds.ts';
import { LivenessWheel } from './session/liveness.ts';
import { QueueBudget } from './session/queue-budget.ts';
import type { Session } from './session/session.ts';
import type { SessionNode } from './session/session-node.ts';
import { createSnapshotRoutes } from './snapshots/serve-snapshots.ts';
import { createSnapshotStore } from './snapshots/snapshot-store.ts';

/** Four connections: one listens, one reads what is new and who is revoked, two serve replays, joins, snapshots, audit. */
const LIVE_CONNECTIONS = 1;
const REPLAY_CONNECTIONS = 2;
/** Few statements, always the same: planning one anew over all partitions takes longer than running it. */
const SETTINGS = { plan_cache_mode: 'force_generic_plan' };
/** The last part of the drain window is for clients whose moment came late. */
const DRAIN_SPREAD_SHARE = 0.8;

export interface KhalaNodeOptions {
  databaseUrl: string;
  hints: HintSource;
  nodeId?: string;
  keys: JWTVerifyGetKey;
  allowedOrigins: readonly string[];
  window: SessionNode['window'];
  timing: SessionNode['timing'];
  safetyPollMs: number;
  drainWindowMs: number;
  metrics: KhalaMetrics;
  /** Default: the documented bounds. */
  policies?: TopicPolicies;
  replayBudgetEvents?(topicClass: TopicClass): number;
  revocationTiming?: RevocationTiming;
  /** Addresses and ranges of proxies whose `X-Forwarded-For` counts. */
  trustedProxies?: readonly string[];
  socketsPerUserMax?: number;
  socketsPerAddressMax?: number;
  now?(): number;
  onFault(where: string, fault: unknown): void;
  faults?: FaultPoints;
  /** Of requests that could not be served. */
  logger?: Logger;
}

export interface KhalaNode {
  /** What it serves over HTTP. */
  readonly routes: Hono;
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** For operators: what this node delivers, the busiest topics first. */
  fanout(topicLimit: number): Omit<FanoutMetrics, 'driver'>;
  /** For readiness: the database answers with this node's own role. */
  checkDatabase(): Promise<void>;
  /** For readiness: it knows who was revoked, without which it admits nobody. Throws where it does not. */
  checkRevocations(): Promise<void>;
  readonly sql: Sql;
  start(): Promise<void>;
  /** Sends everyone elsewhere, spread over the window. */
  drain(): Promise<void>;
  close(): Promise<void>;
}

export function createKhalaNode(options: KhalaNodeOptions): KhalaNode {
  const { metrics, onFault, policies = TOPIC_POLICY, now = Date.now } = options;
  const nodeId = options.nodeId || `node_${randomBytes(6).toString('hex')}`;
  const pool = (applicationName: string, max: number) =>
    connect({
      ...{ url: options.databaseUrl, max, applicationName },
      settings: SETTINGS,
    });
  const live = pool('oa-khala-live', LIVE_CONNECTIONS);
  const replay = pool('oa-khala', REPLAY_CONNECTIONS);
  const sessions = new Map<string, Session>();
  const fanout = new FanoutLog();
  const startedAtMs = performance.now();
  const recordRead = (read: ReadKind, statements: number) =>
    metrics.khala_journal_reads_total.record(statements, { read });
  const journal = countReads(
    createJournalReader(replay),
    { byTopic: 'joins', byId: 'refreshes', rows: 'pages' },
    recordRead,
  );

  const audit = createAuditLog({
    sql: replay,
    nodeId,
    onFault(fault) {
      metrics.khala_audit_faults_total.record(1, {});
      onFault('audit', fault);
    },
  });
  const reader = new NodeReader({
    live: countReads(
      createJournalReader(live),
      { byTopic: 'joins', byId: 'polls', rows: 'tails' },
      recordRead,
    ),
    replay: new ReplayReader(journal),
    safetyPollMs: options.safetyPollMs,
    onWakeUp: (by, topics) => metrics.khala_wake_ups_total.record(topics, { by }),
    onPoll: (outcome) => fanout.polled(outcome),
    onPageFilled: () => fanout.pageFilled(),
    onReadFault: readFault,
    faults: options.faults,
  });
  const { hints } = options;
  const addressLimits = createAddressLimits({
    socketsMax: options.socketsPerAddressMax ?? SOCKETS_PER_ADDRESS_MAX,
    isAdmitted: (sessionId) => sessions.get(sessionId)?.admitted ?? false,
    clock: () => performance.now(),
  });
  const revocations = createRevocations({
    reader,
    journal: createJournalReader(live),
    readTable: () => listRevocations(live, 0n),
    timing: options.revocationTiming,
    now,
    onRevoked() {
      for (const session of [...sessions.values()]) session.reconsider();
    },
    onBlind(fault) {
      for (const session of [...sessions.values()]) session.refuse(fault);
    },
    onFault: readFault,
  });

  function readFault(fault: unknown): void {
    metrics.khala_read_faults_total.record(1, {});
    onFault('journal', fault);
  }

  const node: SessionNode = {
    nodeId,
    window: options.window,
    timing: options.timing,
    verifySyncToken: createSyncTokenVerifier({ keys: options.keys, now }),
    liveSockets: createLiveSockets({
      socketsPerUserMax: options.socketsPerUserMax ?? SOCKETS_PER_USER_MAX,
      clock: () => performance.now(),
    }),
    revocations,
    reader,
    audit,
    metrics,
    fanout,
    counts: new DeliveryCounts(metrics, fanout),
    rounds: new DeliveryRounds(),
    budget: new QueueBudget(),
    liveness: new LivenessWheel(options.timing),
    now,
    heads: createHeadLookup(journal, readFault).heads,
    replayBudgetEvents:
      options.replayBudgetEvents ?? ((topicClass) => policies[topicClass].replayBudgetEvents),
    onFault: (fault) => onFault('session', fault),
    onEnded(sessionId) {
      sessions.delete(sessionId);
      addressLimits.closed(sessionId);
    },
  };
  const gate = createGate({
    node,
    sessions,
    originAllowed: createOriginPolicy(options.allowedOrigins),
    clientAddressOf: createClientAddress(options.trustedProxies ?? []),
    addressLimits,
  });

  function admittedCount(): number {
    let admitted = 0;
    for (const session of sessions.values()) admitted += session.admitted ? 1 : 0;
    return admitted;
  }

  const gauges = setInterval(() => {
    const admitted = admittedCount();
    metrics.khala_connections.record(admitted, { state: 'admitted' });
    metrics.khala_connections.record(sessions.size - admitted, { state: 'handshake' });
    metrics.khala_revocation_lag_seconds.record(revocations.lagMs() / 1000, {});
    metrics.khala_topics_of_interest.record(reader.topics, {});
    metrics.khala_queued_bytes.record(node.budget.queuedBytes, {});
    node.counts.record();
  }, GAUGE_INTERVAL_MS);
  gauges.unref();
  const queues = setInterval(() => node.budget.look(), QUEUE_LOOK_MS);
  queues.unref();

  const routes = createSnapshotRoutes({
    node,
    store: createSnapshotStore(replay),
    headOf: async (topic) => (await journal.headsByTopic([topic]))[0],
    allowedOrigins: options.allowedOrigins,
    logger: options.logger ?? pino({ level: 'silent' }),
  });

  return {
    routes,
    upgrade: gate.upgrade,
    fanout(topicLimit) {
      node.counts.record();
      return {
        node_id: nodeId,
        uptime_s: String(Math.floor((performance.now() - startedAtMs) / 1_000)),
        topics_of_interest: String(reader.topics),
        delivery_metrics: fanout.delivery(admittedCount()),
        topic_windows: topicWindows(reader.feeds(), fanout, policies, topicLimit),
      };
    },
    sql: replay,
    async checkRevocations() {
      const unknown = revocations.unknownFault();
      if (unknown) throw unknown;
    },
    async checkDatabase() {
      await replay`select from runtime.sync_topics limit 1`;
    },
    async start() {
      reader.start();
      node.liveness.start();
      await hints.start({
        onHints: (found) => reader.onHints(found),
        onReset: () => void reader.poll(),
      });
      await revocations.start();
    },
    async drain() {
      gate.close();
      const { drainWindowMs } = options;
      for (const session of sessions.values()) {
        session.drain(Math.random() * drainWindowMs * DRAIN_SPREAD_SHARE, drainWindowMs);
      }
      const endMs = Date.now() + drainWindowMs + DRAIN_LOOK_MS;
      while (sessions.size > 0 && Date.now() < endMs) await delay(DRAIN_LOOK_MS);
    },
    async close() {
      clearInterval(gauges);
      clearInterval(queues);
      node.liveness.stop();
      gate.close();
      for (const session of [...sessions.values()]) session.terminate();
      revocations.stop();
      reader.stop();
      await hints.stop();
      await audit.close();
      await Promise.all([live.end({ timeout: 1 }), replay.end({ timeout: 1 })]);
    },
  };
}

/** Gauges are read at scrapes, seconds apart. */
const GAUGE_INTERVAL_MS = 1_000;
const DRAIN_LOOK_MS = 20;
/** Often beside the seconds in which a queue becomes a stall, rarely beside the writes. */
const QUEUE_LOOK_MS = 100;
