import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Sql } from '#db/connect.ts';
import { migrate } from '#db/migrate.ts';
import { type PostgresServer, startPostgres } from '../../dev/embedded-postgres.ts';
import { freePort } from '../../dev/free-port.ts';

export interface BenchServer {
  server: PostgresServer;
  directory: string;
  port: number;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Durable as in production: `fsync` and `synchronous_commit` stay on. */
const SETTINGS = { max_connections: '100', max_wal_size: '4GB' };

export async function benchServer(): Promise<BenchServer> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-bench-postgres-'));
  // Started by root, the server runs as user postgres, who has to reach the data directory.
  await chmod(directory, 0o755);
  const port = await freePort();
  const server = await startBenchPostgres(directory, port);
  return {
    ...{ server, directory, port },
    async [Symbol.asyncDispose]() {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

export function startBenchPostgres(directory: string, port: number): Promise<PostgresServer> {
  return startPostgres({ directory: join(directory, 'data'), port, settings: SETTINGS });
}

/** A migrated database of its own; `sql` is the service's role, `admin` the server's. */
export async function benchDatabase(
  server: PostgresServer,
  name: string,
  connections: number,
): Promise<{ sql: Sql; admin: Sql; url: string }> {
  const root = connect({ url: server.url, max: 1, applicationName: 'bench' });
  await root.unsafe(`create database ${name}`);
  await root.end();
  const adminUrl = new URL(server.url);
  adminUrl.pathname = `/${name}`;
  await migrate('runtime', adminUrl.href, { passwords: { oa_runtime: 'bench' } });
  const url = new URL(adminUrl);
  url.username = 'oa_runtime';
  url.password = 'bench';
  return {
    sql: connect({ url: url.href, max: connections, applicationName: 'bench' }),
    admin: connect({ url: adminUrl.href, max: 1, applicationName: 'bench-admin' }),
    url: url.href,
  };
}
