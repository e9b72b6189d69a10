/** A Postgres of our own, migrated, with lines to it and to the nodes that can be broken. */
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Sql } from '#db/connect.ts';
import { migrate } from '#db/migrate.ts';
import { createHinter } from '#db/runtime/hint.ts';
import type { DirtyTopic } from '#db/runtime/hint-payload.ts';
import { createJournal, type Journal } from '#db/runtime/journal.ts';
import { createIssuer, type Issuer } from '#services/khala/testing/harness.ts';
import {
  type NodeProcess,
  serveKeys,
  startNodeProcess,
} from '#services/khala/testing/node-process.ts';
import { startTcpProxy, type TcpProxy } from '#services/khala/testing/tcp-proxy.ts';
import { type PostgresServer, startPostgres } from '../dev/embedded-postgres.ts';
import { freePort } from '../dev/free-port.ts';

/** The server listens on loopback and dies with its stage. */
const PASSWORDS = { oa_runtime: 'runtime', oa_khala: 'khala' };

export interface StageOptions {
  nodes: number;
  /** Settings of the server on top of its defaults. */
  postgres?: Record<string, string>;
  /** Settings of each node on top of short heartbeats. */
  node?: Record<string, string>;
  /** The port by which a node's line reaches Postgres, for whoever wants to look at what passes. */
  databasePort?(port: number): Promise<number>;
}

export interface StagedNode {
  name: string;
  /** Clients reach it by this line alone. */
  line: TcpProxy;
  /** It reaches Postgres by this line alone. */
  databaseLine: TcpProxy;
  process: NodeProcess;
  restart(signal: 'SIGKILL' | 'SIGTERM', pauseMs: number): Promise<void>;
}

export interface Stage {
  issuer: Issuer;
  nodes: StagedNode[];
  journal: Journal;
  /** As `oa_runtime`, as a service would be. */
  runtime: Sql;
  /** As a superuser: to look, and to do what no role may. */
  owner: Sql;
  postgresPid(): number;
  /** While false, commits are not followed by hints. */
  hinting: boolean;
  /** `crash`: without a checkpoint, so that it comes back from its write-ahead log. */
  restartPostgres(how: 'fast' | 'crash'): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Half-open lines are noticed in seconds instead of a minute. */
const NODE_SETTINGS = {
  KHALA_HEARTBEAT_INTERVAL_MS: '1000',
  KHALA_DEAD_AFTER_MS: '4000',
  KHALA_DRAIN_WINDOW_MS: '400',
};

export async function createStage(options: StageOptions): Promise<Stage> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-khala-checker-'));
  // Started by root, the server runs as user postgres, who has to reach the data directory.
  await chmod(directory, 0o755);
  const port = await freePort();
  const start = () =>
    startPostgres({
      directory: join(directory, 'data'),
      port,
      settings: { track_commit_timestamp: 'on', max_connections: '100', ...options.postgres },
    });
  let postgres: PostgresServer = await start();
  await migrate('runtime', postgres.url, { passwords: PASSWORDS });
  const url = (role: keyof typeof PASSWORDS) => {
    const of = new URL(postgres.url);
    of.username = role;
    of.password = PASSWORDS[role];
    return of;
  };

  const owner = connect({ url: postgres.url, max: 2, applicationName: 'checker-owner' });
  const runtime = connect({ url: url('oa_runtime').href, max: 4, applicationName: 'checker' });
  const hinter = createHinter({ url: url('oa_runtime').href, applicationName: 'checker-hint' });
  const journal = createJournal({
    sql: runtime,
    hint(dirty: readonly DirtyTopic[]) {
      if (stage.hinting) hinter.hint(dirty);
    },
  });
  const issuer = await createIssuer();
  const { url: keysUrl, server: keysServer } = await serveKeys(issuer.keys.jwks());

  async function stageNode(index: number): Promise<StagedNode> {
    const databasePort = (await options.databasePort?.(port)) ?? port;
    const databaseLine = await startTcpProxy({ host: '127.0.0.1', port: databasePort });
    const throughLine = url('oa_khala');
    throughLine.port = String(databaseLine.port);
    const nodePort = await freePort();
    const line = await startTcpProxy({ host: '127.0.0.1', port: nodePort });
    const name = `node-${index + 1}`;
    const launch = () =>
      startNodeProcess(nodePort, {
        KHALA_DATABASE_URL: throughLine.href,
        CONTROL_JWKS_URL: keysUrl,
        KHALA_NODE_ID: name,
        OA_LOG_LEVEL: 'fatal',
        ...NODE_SETTINGS,
        ...options.node,
      });
    const node: StagedNode = {
      ...{ name, line, databaseLine },
      process: await launch(),
      async restart(signal, pauseMs) {
        await node.process.kill(signal);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
        node.process = await launch();
      },
    };
    return node;
  }

  const stage: Stage = {
    ...{ issuer, journal, runtime, owner },
    nodes: await Promise.all(Array.from({ length: options.nodes }, (_, index) => stageNode(index))),
    hinting: true,
    postgresPid: () => postgres.pid,
    async restartPostgres(how) {
      if (how === 'crash') process.kill(postgres.pid, 'SIGQUIT');
      await postgres.stop();
      postgres = await start();
    },
    async [Symbol.asyncDispose]() {
      await journal.close();
      await hinter.close();
      for (const { process: node, line, databaseLine } of stage.nodes) {
        await node.kill('SIGKILL');
        await line.close();
        await databaseLine.close();
      }
      await Promise.all([owner.end({ timeout: 1 }), runtime.end({ timeout: 1 })]);
      const closed = once(keysServer, 'close');
      keysServer.close();
      keysServer.closeAllConnections();
      await closed;
      await postgres.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return stage;
}
