/** Postgres, tokens, a writer and Khala nodes as production runs them, for every measure of Khala. */
import { once } from 'node:events';
import type { Sql } from '#db/connect.ts';
import { createHinter } from '#db/runtime/hint.ts';
import { createJournal, type Journal } from '#db/runtime/journal.ts';
import { createTestRun } from '#db/testing/runs.ts';
import type { RunId, UserId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { createIssuer, type Issuer } from '#services/khala/testing/harness.ts';
import { serveKeys, startNodeProcess } from '#services/khala/testing/node-process.ts';
import { freePort } from '../../dev/free-port.ts';
import { benchDatabase, benchServer } from '../journal/database.ts';
import { pin, SERVER_CORE } from './pinned.ts';

export interface BenchTopic {
  runId: RunId;
  topic: string;
  epoch: string;
}

export interface BenchNode {
  url: string;
  pid: number;
  /** The sum of a counter over the series that carry `labels`. */
  counted(metric: string, labels?: string): Promise<number>;
  stop(): Promise<void>;
}

export interface KhalaStage {
  port: number;
  sql: Sql;
  /** As a service, and as a node. */
  runtimeUrl: string;
  khalaUrl: string;
  issuer: Issuer;
  journal: Journal;
  createTopic(userId: UserId): Promise<BenchTopic>;
  /** Appends events of so many bytes; the seq of the last one. */
  append(runId: RunId, count: number, bytes: number): Promise<number>;
  /** A node as a process on the servers' core. */
  startNode(env?: Record<string, string>): Promise<BenchNode>;
  [Symbol.asyncDispose](): Promise<void>;
}

const PASSWORD = 'bench';
const WRITERS = 8;
/** A step has at most a mebibyte; what surrounds a payload is within the rest. */
const STEP_BYTES = 800_000;
const EVENTS_PER_STEP_MAX = 500;
/** The bench is one user with thousands of sockets; what bounds a user is not what is measured. */
const NODE_SETTINGS = {
  KHALA_SOCKETS_PER_USER_MAX: '1000000',
  TOPIC_POLICY: JSON.stringify({ run_events: { replay_budget_events: 1_000_000 } }),
};

export async function createKhalaStage(): Promise<KhalaStage> {
  const bench = await benchServer();
  const { sql, admin, url: runtimeUrl } = await benchDatabase(bench.server, 'khala', WRITERS);
  await admin.unsafe(`alter role oa_khala login password '${PASSWORD}'`);
  const khalaUrl = roleUrl(runtimeUrl, 'oa_khala');
  const issuer = await createIssuer();
  const keys = await serveKeys(issuer.keys.jwks());
  const hinter = createHinter({ url: runtimeUrl, applicationName: 'bench-hint' });
  const journal = createJournal({ sql, hint: (dirty) => hinter.hint(dirty) });
  return {
    ...{ port: bench.port, sql, runtimeUrl, khalaUrl, issuer, journal },
    async createTopic(userId) {
      const { run_id: runId } = await createTestRun(sql, { user_id: userId });
      const topic = topics.runEvents(runId);
      const [row] = await admin<{ epoch: string }[]>`
        select epoch from runtime.sync_topics where topic = ${topic}`;
      if (!row) throw new Error(`${topic} has no counter row`);
      return { runId, topic, epoch: row.epoch };
    },
    async append(runId, count, bytes) {
      let head = 0n;
      const perStep = Math.min(EVENTS_PER_STEP_MAX, Math.floor(STEP_BYTES / bytes));
      for (let left = count; left > 0; left -= perStep) {
        const events = Array.from({ length: Math.min(left, perStep) }, () => ({
          event_type: 'text.delta',
          payload: { text: 'x'.repeat(bytes) },
        }));
        const appended = await journal.append({ run_id: runId, events, origin: 'platform' });
        head = appended.events.at(-1)?.seq ?? head;
      }
      return Number(head);
    },
    async startNode(env = {}) {
      const port = await freePort();
      const node = await startNodeProcess(port, {
        KHALA_DATABASE_URL: khalaUrl,
        CONTROL_JWKS_URL: keys.url,
        ...NODE_SETTINGS,
        ...env,
      });
      const pid = node.child.pid ?? 0;
      pin(pid, SERVER_CORE);
      return {
        url: `ws://127.0.0.1:${port}/v1/sync`,
        pid,
        counted: (metric, labels) => counted(port, metric, labels),
        // Its sockets are the bench's own: nobody has to be sent elsewhere first.
        stop: async () => void (await node.kill('SIGKILL')),
      };
    },
    async [Symbol.asyncDispose]() {
      await journal.close();
      await hinter.close();
      await sql.end({ timeout: 1 });
      await admin.end({ timeout: 1 });
      const closed = once(keys.server, 'close');
      keys.server.close();
      keys.server.closeAllConnections();
      await closed;
      await bench[Symbol.asyncDispose]();
    },
  };
}

async function counted(port: number, metric: string, labels = ''): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  return text
    .split('\n')
    .filter((line) => line.startsWith(metric) && line.includes(labels) && !line.startsWith('#'))
    .reduce((sum, line) => sum + Number(line.split('} ')[1]?.split(' ')[0] ?? 0), 0);
}

function roleUrl(url: string, role: string): string {
  const result = new URL(url);
  result.username = role;
  result.password = PASSWORD;
  return result.href;
}
