import { setTimeout as delay } from 'node:timers/promises';
import { readMessage } from '#proto/read.ts';
import { withWatchedBody } from './answer-body.ts';
import { ApiError, kindOfStatus } from './errors.ts';

export interface HttpRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | Blob;
  /** The server recognises a repetition (GET, PUT by hash, or an idempotency key), so a lost answer may be asked again. */
  repeatable: boolean;
  signal?: AbortSignal;
  /** The answer's body is the caller's to read as it comes. Otherwise it is here as a whole, or the attempt has failed. */
  streams?: boolean;
  /** For the answer, or its headers where it streams, per attempt. */
  timeoutMs?: number;
  /** Default RETRY.attemptsMax. A caller with a loop of its own asks for 1. */
  attemptsMax?: number;
}

export interface TransportDeps {
  fetch(url: string, init: RequestInit): Promise<Response>;
  random(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Sends and repeats; answers only successes and throws ApiError otherwise. */
export type Transport = (request: HttpRequest) => Promise<Response>;

export const RETRY = {
  /** With the delays below this bridges a service restart of some seconds. */
  attemptsMax: 5,
  baseMs: 200,
  /** Also the longest hint of a server that is obeyed here; beyond it the caller decides. */
  delayMsMax: 10_000,
} as const;

/** Longer than any command may take: a create waits at most some seconds for a worker. */
const TIMEOUT_MS = 30_000;

export const systemTransportDeps: TransportDeps = {
  fetch: (url, init) => fetch(url, init),
  random: Math.random,
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {});
  },
};

export function createTransport(deps: TransportDeps = systemTransportDeps): Transport {
  return async (request) => {
    const attemptsMax = request.attemptsMax ?? RETRY.attemptsMax;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await once(deps, request);
      } catch (error) {
        if (!(error instanceof ApiError) || !mayRepeat(request, error)) throw error;
        const hint = error.retryAfterMs ?? 0;
        if (attempt >= attemptsMax || hint > RETRY.delayMsMax) throw error;
        await deps.sleep(hint + backoffMs(attempt, deps.random), request.signal);
      }
    }
  };
}

/** A refusal before anything happened may be repeated without a key; a lost answer may not. */
function mayRepeat(request: HttpRequest, error: ApiError): boolean {
  return error.retryable && (request.repeatable || error.kind === 'RateLimited');
}

/** Full jitter, so that many clients of one restarted service do not return together. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(RETRY.delayMsMax, RETRY.baseMs * 2 ** Math.min(attempt - 1, 16));
}

async function once(deps: TransportDeps, request: HttpRequest): Promise<Response> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), request.timeoutMs ?? TIMEOUT_MS);
  const signal = request.signal
    ? AbortSignal.any([timeout.signal, request.signal])
    : timeout.signal;
  try {
    const response = await deps.fetch(request.url, {
      method: request.method,
      headers: request.headers,
      signal,
      redirect: 'error',
      ...(request.body === undefined ? {} : { body: request.body }),
    });
    if (!response.ok) throw await refusal(response);
    return request.streams ? withWatchedBody(response) : await whole(response);
  } catch (cause) {
    if (cause instanceof ApiError) throw cause;
    request.signal?.throwIfAborted();
    const why = timeout.signal.aborted ? 'it did not answer in time' : reasonOf(cause);
    throw new ApiError('Network', `${new URL(request.url).origin} cannot be reached: ${why}`, {
      cause,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** Read within the attempt: a line that dies in the middle of an answer is as lost as one that dies before it. */
async function whole(response: Response): Promise<Response> {
  const { status, statusText, headers } = response;
  const bytes = response.body === null ? null : await response.arrayBuffer();
  return new Response(bytes, { status, statusText, headers });
}

async function refusal(response: Response): Promise<ApiError> {
  const kind = kindOfStatus(response.status);
  const text = await response.text().catch(() => '');
  const header = Number(response.headers.get('retry-after'));
  const fromHeader = Number.isFinite(header) && header > 0 ? { retryAfterMs: header * 1_000 } : {};
  try {
    const problem = readMessage('openagents.errors.v1.Problem', JSON.parse(text));
    return new ApiError(kind, problem.detail || problem.title, {
      code: problem.code,
      status: response.status,
      faults: problem.errors,
      requestId: problem.request_id,
      ...fromHeader,
      ...(problem.retry_after_ms === undefined
        ? {}
        : { retryAfterMs: Number(problem.retry_after_ms) }),
      ...(problem.current_seq === undefined ? {} : { currentSeq: BigInt(problem.current_seq) }),
    });
  } catch {
    // A proxy in between answers in its own words.
    return new ApiError(kind, `HTTP ${response.status} from ${response.url}`, {
      status: response.status,
      ...fromHeader,
    });
  }
}

/** `fetch failed` says nothing; its cause does. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error && cause.cause.message ? cause.cause.message : cause.message;
}
