import { connect, type NatsConnection } from '@nats-io/transport-node';

/** What is sent over NATS is a hint that may be late by this without harm; a server that restarts is not hammered. */
const RETRY_MS = 500;
const CONNECT_TIMEOUT_MS = 5_000;
/** Two pings without an answer are a dead line: half a minute, far below what a half-open TCP line would take. */
const PING_INTERVAL_MS = 10_000;
const PINGS_UNANSWERED_MAX = 2;

/** A connection to NATS that is opened again for as long as it is wanted. */
export interface NatsLine {
  /** Undefined until the first connection; afterwards it reconnects by itself. */
  readonly connection: NatsConnection | undefined;
  /** The first try to connect, however it ended. */
  readonly tried: Promise<void>;
  close(): Promise<void>;
}

/** `url` may carry `user:password@` or `token@`; `onOpen` is called once, at the first connection. */
export function openNatsLine(options: {
  url: string;
  name: string;
  onOpen?(connection: NatsConnection): Promise<void>;
}): NatsLine {
  let closed = false;
  let retry: NodeJS.Timeout | undefined;
  let connection: NatsConnection | undefined;
  const tried = open();
  let opening = tried;

  async function open(): Promise<void> {
    try {
      const opened = await connect({
        ...serverOf(options.url),
        name: options.name,
        timeout: CONNECT_TIMEOUT_MS,
        maxReconnectAttempts: -1,
        reconnectTimeWait: RETRY_MS,
        // A server that is restarted with its accounts not loaded yet refuses for a moment.
        ignoreAuthErrorAbort: true,
        pingInterval: PING_INTERVAL_MS,
        maxPingOut: PINGS_UNANSWERED_MAX,
      });
      if (closed) return await opened.close();
      connection = opened;
      await options.onOpen?.(opened);
    } catch {
      // Hints are missing meanwhile, which readers are made for.
      if (closed) return;
      retry = setTimeout(() => {
        opening = open();
      }, RETRY_MS);
    }
  }

  return {
    get connection() {
      return connection;
    },
    tried,
    async close() {
      closed = true;
      clearTimeout(retry);
      await opening;
      await connection?.close();
    },
  };
}

function serverOf(text: string): { servers: string; user?: string; pass?: string; token?: string } {
  const url = new URL(text);
  const servers = `${url.protocol}//${url.host}`;
  const user = decodeURIComponent(url.username);
  const pass = decodeURIComponent(url.password);
  if (user === '') return { servers };
  return pass === '' ? { servers, token: user } : { servers, user, pass };
}
