import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import { Readable } from 'node:stream';

export interface UpstreamRequest {
  readonly method: string;
  /** Path with query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | AsyncIterable<Uint8Array> | null;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly rawHeaders: readonly string[];
  readonly body: ReadableStream<Uint8Array>;
}

/** The upstream did not answer: it is not there, broke off, or took too long to begin. */
export class UpstreamError extends Error {
  override readonly name = 'UpstreamError';
  readonly reason: 'unreachable' | 'timeout' | 'stale';

  constructor(reason: UpstreamError['reason'], cause: unknown) {
    super(`the upstream is ${reason}`, { cause });
    this.reason = reason;
  }
}

export interface Upstream {
  /** @throws UpstreamError; what the body's own stream throws */
  send(request: UpstreamRequest): Promise<UpstreamAnswer>;
  close(): void;
}

/** As many as a runtime process serves at once; more wait here instead of there. */
const SOCKETS_MAX = 256;

/**
 * HTTP/1.1 to one address over kept-alive connections, byte for byte: nothing is decoded, followed or buffered.
 *
 * @param answerTimeoutMs until the head of the answer; the body may take as long as it takes, but not stand still
 *   for longer than that.
 */
export function createUpstream(baseUrl: string, answerTimeoutMs: number): Upstream {
  const { protocol, hostname, port } = new URL(baseUrl);
  const secure = protocol === 'https:';
  const { request: open, Agent } = secure ? https : http;
  const agent = new Agent({ keepAlive: true, maxSockets: SOCKETS_MAX });

  function attempt(request: UpstreamRequest): Promise<UpstreamAnswer> {
    const { method, target: path, headers, body, signal } = request;
    return new Promise((resolve, reject) => {
      const outgoing = open({
        agent,
        hostname: hostname.replace(/^\[|\]$/g, ''),
        port: port || (secure ? 443 : 80),
        method,
        path,
        headers: framed(headers, body),
        timeout: answerTimeoutMs,
        signal,
      });
      let late = false;
      outgoing.once('response', (incoming) => resolve(answerOf(incoming)));
      outgoing.once('timeout', () => {
        late = true;
        outgoing.destroy(new Error(`silent for ${answerTimeoutMs} ms`));
      });
      outgoing.on('error', (error) => {
        const stale = outgoing.reusedSocket && isReset(error);
        reject(new UpstreamError(late ? 'timeout' : stale ? 'stale' : 'unreachable', error));
      });
      if (body === null || body instanceof Uint8Array) outgoing.end(body ?? undefined);
      else void pour(body, outgoing, reject);
    });
  }

  return {
    async send(request) {
      try {
        return await attempt(request);
      } catch (error) {
        // A kept-alive connection that the upstream closed just now: nothing was served, and a read repeats safely.
        const repeats = request.body === null && ['GET', 'HEAD'].includes(request.method);
        if (repeats && error instanceof UpstreamError && error.reason === 'stale') {
          return attempt(request);
        }
        throw error;
      }
    },
    close: () => agent.destroy(),
  };
}

/**
 * Sends a body as it comes in. A fault of the caller's own body (too large, broken off) is the caller's answer; an
 * upstream that has answered before it read everything is no fault at all.
 */
async function pour(
  body: AsyncIterable<Uint8Array>,
  outgoing: ClientRequest,
  fail: (error: unknown) => void,
): Promise<void> {
  try {
    for await (const chunk of body) {
      if (outgoing.destroyed) return;
      if (!outgoing.write(chunk)) await drained(outgoing);
    }
    outgoing.end();
  } catch (error) {
    fail(error);
    outgoing.destroy();
  }
}

function drained(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    function done(): void {
      outgoing.off('drain', done).off('close', done);
      resolve();
    }
    outgoing.on('drain', done).on('close', done);
  });
}

/** One way to say how long a body is, chosen here and not by the caller: nothing to smuggle a request in. */
function framed(
  headers: Readonly<Record<string, string>>,
  body: UpstreamRequest['body'],
): Record<string, string> {
  if (body === null) return { ...headers };
  if (body instanceof Uint8Array) return { ...headers, 'content-length': String(body.byteLength) };
  return { ...headers, 'transfer-encoding': 'chunked' };
}

function answerOf(incoming: IncomingMessage): UpstreamAnswer {
  return {
    status: incoming.statusCode ?? 502,
    rawHeaders: incoming.rawHeaders,
    // Node's and the platform's stream types differ in name only.
    body: Readable.toWeb(incoming) as unknown as ReadableStream<Uint8Array>,
  };
}

function isReset(error: Error): boolean {
  return ['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '');
}
