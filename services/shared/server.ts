import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import type { Logger } from 'pino';

/** Requests under way get this long after the stop signal; longer ones are streams, which clients resume. */
const DRAIN_TIMEOUT_MS = 5_000;

/** How soon after its last answer a kept-alive connection is closed while draining. */
const IDLE_SWEEP_MS = 20;

/** Pools, clients and exporters close within this, or the process ends without them. */
const CLOSE_TIMEOUT_MS = 5_000;

/** A head must arrive within this: a peer that sends a byte a minute holds no socket. */
const HEADERS_TIMEOUT_MS = 10_000;

/** The largest artifact over a slow line; everything else has its own, smaller bound. */
const REQUEST_TIMEOUT_MS = 10 * 60_000;

/** Longer than a load balancer's idle time, so that it is never us who close under a request. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

export interface RunningServer {
  /** The node server, for an `upgrade` listener. */
  readonly server: Server;
  readonly port: number;
  readonly url: string;
  /** Stops accepting, drains, then runs the closers in order; bounded. Safe to call twice. */
  close(): Promise<void>;
}

export interface ServerOptions {
  app: Hono;
  host: string;
  port: number;
  logger: Logger;
  /** Called first when the end begins: readiness turns, sockets are told to go elsewhere. */
  onDrain?: () => void | Promise<void>;
  /** What to close after the last request, in this order. */
  closers?: readonly (() => unknown)[];
  drainTimeoutMs?: number;
}

/** Listens with an app. @throws a sentence naming host and port where they cannot be had. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const {
    app,
    host,
    port,
    logger,
    onDrain,
    closers = [],
    drainTimeoutMs = DRAIN_TIMEOUT_MS,
  } = options;
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
  await listen(server, host, port);
  const { port: boundPort } = server.address() as AddressInfo;

  let closing: Promise<void> | undefined;
  async function closeInOrder(): Promise<void> {
    await onDrain?.();
    await drain(server, drainTimeoutMs);
    for (const close of closers) await within(CLOSE_TIMEOUT_MS, close, logger);
    logger.info('stopped');
  }

  const url = `http://${host.includes(':') ? `[${host}]` : host}:${boundPort}`;
  logger.info({ url }, 'listening');
  return {
    server,
    port: boundPort,
    url,
    close() {
      closing ??= closeInOrder();
      return closing;
    },
  };
}

/** Ends the process cleanly on SIGTERM and SIGINT, at once on the second one. */
export function stopOnSignals(running: { close(): Promise<void> }, logger: Logger): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      logger.info({ signal }, 'stopping');
      running.close().then(
        () => process.exit(0),
        (error) => {
          logger.error({ err: error }, 'stopped with an error');
          process.exit(1);
        },
      );
    });
  }
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const reason = code === 'EADDRINUSE' ? 'the port is taken by another process' : code;
    throw new Error(`Cannot listen on ${host}:${port}: ${reason}.`, { cause: error });
  }
}

async function drain(server: Server, timeoutMs: number): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A kept-alive connection turns idle only when its last answer is out.
  const sweep = setInterval(() => server.closeIdleConnections(), IDLE_SWEEP_MS);
  const timer = setTimeout(() => server.closeAllConnections(), timeoutMs);
  await closed;
  clearInterval(sweep);
  clearTimeout(timer);
}

async function within(timeoutMs: number, close: () => unknown, logger: Logger): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`still open after ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([close(), tooLate]);
  } catch (error) {
    logger.error({ err: error }, 'could not close cleanly');
  } finally {
    clearTimeout(timer);
  }
}
