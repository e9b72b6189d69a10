import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { JSONWebKeySet } from 'jose';

const MAIN = join(import.meta.dirname, '..', 'main.ts');
/** It starts in a second; beside seven other processes in many. */
const READY_TIMEOUT_MS = 60_000;

/** Publishes keys as control does. */
export async function serveKeys(keys: JSONWebKeySet): Promise<{ url: string; server: Server }> {
  const server = createServer((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(keys));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks.json`, server };
}

/** A node as production runs it: `main.ts` in a process of its own, killed without a chance to say good-bye. */
export interface NodeProcess {
  port: number;
  child: ChildProcess;
  kill(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null>;
}

export async function startNodeProcess(
  port: number,
  env: { KHALA_DATABASE_URL: string; CONTROL_JWKS_URL: string } & Record<string, string>,
): Promise<NodeProcess> {
  const child = spawn(process.execPath, [MAIN], {
    env: { PATH: process.env['PATH'], OA_LOG_LEVEL: 'warn', KHALA_PORT: String(port), ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null]>;
  const endMs = Date.now() + READY_TIMEOUT_MS;
  for (;;) {
    const ready = await fetch(`http://127.0.0.1:${port}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
    if (ready) break;
    if (child.exitCode !== null || Date.now() > endMs) throw new Error('the node did not start');
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  return {
    port,
    child,
    async kill(signal) {
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}
