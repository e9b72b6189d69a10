/**
 * One grammar of topics, for minting and for joining. An id is validated by its type and there are no wildcards, so
 * `run:1` never matches `run:10`.
 */
import type { TopicClass as ClassText } from './gen/types.ts';
import { type Id, isId, type OrgId, type RunId, type UserId, type WorkerId } from './ids.ts';
import type { Scope } from './scopes.ts';

declare const topicBrand: unique symbol;
export type Topic = string & { readonly [topicBrand]: true };

export type TopicClass = Exclude<ClassText, ''>;
export type TopicEntity = 'run' | 'user' | 'org' | 'worker' | 'system';

export const topics = {
  runEvents: (runId: RunId) => topic(`run:${runId}:events`),
  userRuns: (userId: UserId) => topic(`user:${userId}:runs`),
  orgRuns: (orgId: OrgId) => topic(`org:${orgId}:runs`),
  workerEvents: (workerId: WorkerId) => topic(`worker:${workerId}:events`),
  userWorkers: (userId: UserId) => topic(`user:${userId}:workers`),
  orgWorkers: (orgId: OrgId) => topic(`org:${orgId}:workers`),
  userNotifications: (userId: UserId) => topic(`user:${userId}:notifications`),
  orgTreasury: (orgId: OrgId) => topic(`org:${orgId}:treasury`),
  orgAegis: (orgId: OrgId) => topic(`org:${orgId}:aegis`),
  /** Journaled like any topic, followed by nodes, joinable by no one. */
  systemRevocations: topic('system:revocations'),
};

function topic(text: string): Topic {
  return text as Topic;
}

interface TopicBase {
  text: Topic;
  class: TopicClass;
}

/** A topic that parsed. Only a joinable one has a scope. */
export type ParsedTopic =
  | (TopicBase & { entity: 'run'; id: RunId; scope: Scope; joinable: true })
  | (TopicBase & { entity: 'worker'; id: WorkerId; scope: Scope; joinable: true })
  | (TopicBase & { entity: 'user'; id: UserId; scope: Scope; joinable: true })
  | (TopicBase & { entity: 'org'; id: OrgId; scope: Scope; joinable: true })
  | (TopicBase & { entity: 'system'; id: 'revocations'; scope: null; joinable: false });

export type TopicParse = { ok: true; topic: ParsedTopic } | { ok: false; reason: string };

type JoinableEntity = Exclude<TopicEntity, 'system'>;

interface Grammar {
  entity: JoinableEntity;
  class: TopicClass;
  scope: Scope;
}

/** Rows of the table in the contract: `{entity}:{id}:{suffix}`. */
const GRAMMAR: ReadonlyMap<string, Grammar> = new Map(
  (
    [
      ['run', 'events', 'run_events', 'runtime.run_events'],
      ['user', 'runs', 'run_summaries', 'runtime.run_summaries'],
      ['org', 'runs', 'run_summaries', 'runtime.run_summaries'],
      ['worker', 'events', 'codex_worker_events', 'runtime.codex_worker_events'],
      ['user', 'workers', 'codex_worker_summaries', 'runtime.codex_worker_summaries'],
      ['org', 'workers', 'codex_worker_summaries', 'runtime.codex_worker_summaries'],
      ['user', 'notifications', 'notifications', 'runtime.notifications'],
      ['org', 'treasury', 'treasury', 'hydra.summaries'],
      ['org', 'aegis', 'aegis', 'aegis.summaries'],
    ] as const
  ).map(([entity, suffix, topicClass, scope]) => [
    `${entity}:${suffix}`,
    { entity, class: topicClass, scope },
  ]),
);

/** Longest topic: `worker:` + id of 33 + `:events`; anything far beyond is not worth splitting. */
const TOPIC_LENGTH_MAX = 128;

/** Reads a topic. The reason never repeats the text, which may be anything a caller sent. */
export function parseTopic(text: string): TopicParse {
  if (text.length > TOPIC_LENGTH_MAX) return refuse('a topic is shorter');
  if (text === topics.systemRevocations) {
    return {
      ok: true,
      topic: {
        text: topics.systemRevocations,
        class: 'system',
        entity: 'system',
        id: 'revocations',
        scope: null,
        joinable: false,
      },
    };
  }
  const parts = text.split(':');
  const [entity, id, suffix] = parts;
  const row = parts.length === 3 ? GRAMMAR.get(`${entity}:${suffix}`) : undefined;
  if (row === undefined || id === undefined) return refuse('no such topic in the grammar');
  if (!isId(row.entity, id)) return refuse(`the id is not a valid ${row.entity} id`);
  return { ok: true, topic: joined(topic(text), row, id) };
}

function joined(text: Topic, row: Grammar, id: Id<JoinableEntity>): ParsedTopic {
  // isId has just proved that the id belongs to the row's entity, which the union cannot express.
  return {
    text,
    class: row.class,
    entity: row.entity,
    id,
    scope: row.scope,
    joinable: true,
  } as ParsedTopic;
}

function refuse(reason: string): TopicParse {
  return { ok: false, reason };
}

/** How a client without a usable cursor starts: from a stored snapshot, or from an HTTP read that names its cursor. */
export type SnapshotPolicy =
  | { from: 'read_model'; ageSMax: number | null }
  | { from: 'open_items' }
  | { from: 'bootstrap_read'; read: 'paged_log' | 'open_requests' }
  | { from: 'none' };

export interface TopicPolicy {
  tier: 'hot' | 'warm' | 'cold';
  /** A cursor further behind than this is answered with `snapshot_required`, not with a replay. */
  replayBudgetEvents: number;
  retentionS: number;
  snapshot: SnapshotPolicy;
  payloadBytesMax: number;
  /** Binds callers of the append API, per topic; the platform's own steps are gathered, never refused. */
  publishRatePerSecond: number;
}

const HOUR_S = 3_600;
const DAY_S = 24 * HOUR_S;
const KIB = 1_024;

/** Defaults of `spec/khala.md`; each number is shown to operators with its cost (docs/limits.md). */
export const TOPIC_POLICY: Readonly<Record<TopicClass, TopicPolicy>> = {
  run_summaries: {
    tier: 'warm',
    replayBudgetEvents: 20_000,
    retentionS: 7 * DAY_S,
    snapshot: { from: 'read_model', ageSMax: 300 },
    payloadBytesMax: 64 * KIB,
    publishRatePerSecond: 180,
  },
  codex_worker_summaries: {
    tier: 'warm',
    replayBudgetEvents: 10_000,
    retentionS: 3 * DAY_S,
    snapshot: { from: 'read_model', ageSMax: 120 },
    payloadBytesMax: 64 * KIB,
    publishRatePerSecond: 180,
  },
  run_events: {
    tier: 'warm',
    replayBudgetEvents: 20_000,
    retentionS: 7 * DAY_S,
    snapshot: { from: 'bootstrap_read', read: 'paged_log' },
    payloadBytesMax: 256 * KIB,
    publishRatePerSecond: 240,
  },
  codex_worker_events: {
    tier: 'hot',
    replayBudgetEvents: 3_000,
    retentionS: DAY_S,
    snapshot: { from: 'bootstrap_read', read: 'open_requests' },
    payloadBytesMax: 128 * KIB,
    publishRatePerSecond: 240,
  },
  notifications: {
    tier: 'cold',
    replayBudgetEvents: 500,
    retentionS: 12 * HOUR_S,
    snapshot: { from: 'open_items' },
    payloadBytesMax: 64 * KIB,
    publishRatePerSecond: 90,
  },
  treasury: {
    tier: 'warm',
    replayBudgetEvents: 10_000,
    retentionS: 7 * DAY_S,
    snapshot: { from: 'read_model', ageSMax: null },
    payloadBytesMax: 64 * KIB,
    publishRatePerSecond: 180,
  },
  aegis: {
    tier: 'warm',
    replayBudgetEvents: 10_000,
    retentionS: 7 * DAY_S,
    snapshot: { from: 'read_model', ageSMax: null },
    payloadBytesMax: 64 * KIB,
    publishRatePerSecond: 180,
  },
  // Outlives the longest sync token (900 s) by far; a node that starts later reads the table itself.
  system: {
    tier: 'hot',
    replayBudgetEvents: 20_000,
    retentionS: DAY_S,
    snapshot: { from: 'none' },
    payloadBytesMax: 4 * KIB,
    publishRatePerSecond: 0,
  },
};

/** Whether readers of the class start from a stored snapshot, which must then reach the floor. */
export function startsFromSnapshot(topicClass: TopicClass): boolean {
  const { from } = TOPIC_POLICY[topicClass].snapshot;
  return from === 'read_model' || from === 'open_items';
}
