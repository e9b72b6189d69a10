import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DEV_SERVER_DYNAMIC_CONFIG, NAMESPACE, SEARCH_ATTRIBUTES } from '#temporal.config';
import { accepts } from './accepts.ts';

export interface TemporalServerOptions {
  cliPath: string;
  port: number;
  /** Absent: no web UI. */
  uiPort?: number;
  /** Where the web UI has encrypted payloads read. */
  codecEndpoint?: string;
  /** Absent: state lives in memory. */
  databaseFile?: string;
  /** Beside what every development server of ours has. */
  dynamicConfig?: Record<string, string>;
}

/** The arguments of `temporal` that start our development server. */
export function temporalServerArguments(options: TemporalServerOptions): string[] {
  const pairs = (flag: string, values: Record<string, unknown>) =>
    Object.entries(values).flatMap(([key, value]) => [flag, `${key}=${value}`]);
  return [
    ...['server', 'start-dev', '--ip', '127.0.0.1', '--namespace', NAMESPACE],
    ...['--log-level', 'warn', '--log-format', 'json', '--port', String(options.port)],
    ...(options.uiPort ? ['--ui-port', String(options.uiPort)] : ['--headless']),
    ...(options.codecEndpoint ? ['--ui-codec-endpoint', options.codecEndpoint] : []),
    ...(options.databaseFile
      ? [
          ...['--db-filename', options.databaseFile],
          ...pairs('--sqlite-pragma', { journal_mode: 'WAL', synchronous: '1' }),
        ]
      : []),
    ...pairs('--search-attribute', SEARCH_ATTRIBUTES),
    ...pairs('--dynamic-config-value', {
      ...DEV_SERVER_DYNAMIC_CONFIG,
      ...options.dynamicConfig,
    }),
  ];
}

/** Starts the server as a child of this process; resolves when its frontend accepts connections. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<ChildProcess> {
  if (options.databaseFile) await mkdir(dirname(options.databaseFile), { recursive: true });
  const child = spawn(options.cliPath, temporalServerArguments(options), {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr: string[] = [];
  child.stderr?.on('data', (chunk) => stderr.push(String(chunk)));
  await waitForPort(options.port, () => {
    if (child.exitCode !== null) throw new Error(`temporal ended: ${stderr.join('').slice(-2000)}`);
  });
  return child;
}

const START_DEADLINE_MS = 30_000;
const POLL_MS = 50;

async function waitForPort(port: number, check: () => void): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (!(await accepts(port))) {
    check();
    if (Date.now() > deadline) throw new Error(`port ${port} did not open within 30 s`);
    await delay(POLL_MS);
  }
}
