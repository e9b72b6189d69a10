import { ProblemError } from '#proto/errors.ts';
import { GATEWAY_PREFIX } from '#proto/http/control.ts';
import type { Route } from '#proto/http/routes.ts';
import { isSha256 } from '#proto/sha256.ts';
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { ApiRequest } from '../../shared/http/handler.ts';
import {
  bodySha256,
  INTERNAL_ASSERTION_HEADER,
  type SignAssertion,
} from '../../shared/internal-assertion.ts';
import type { ControlMetrics } from '../metrics.ts';
import { RUNTIME_AUDIENCE } from '../runtime-client.ts';
import { answeredHeaders, forwardedHeaders } from './headers.ts';
import { type Upstream, UpstreamError } from './upstream.ts';

/** When to ask again after the runtime did not answer: a restart takes about as long. */
const RETRY_AFTER_MS = 1_000;

/**
 * The runtime's rows as control serves them: control finds out who calls and passes everything else on; the runtime
 * reads the body, holds the key, and leaves the receipt.
 */
export function passedThrough(routes: readonly Route[]): Route[] {
  return routes.map((route) => ({
    ...route,
    request: null,
    content: 'bytes',
    mutates: false,
    idempotency: 'none',
  }));
}

export interface GatewayDeps {
  readonly upstream: Upstream;
  readonly sign: SignAssertion;
  readonly traceparent: () => string | undefined;
  readonly metrics: Pick<ControlMetrics, 'control_gateway_seconds'>;
}

/** Forwards one request in the name of its caller. @throws ProblemError service_unavailable, timeout */
export type Forward = (request: ApiRequest) => Promise<Response>;

export function createGateway(deps: GatewayDeps): Forward {
  const { upstream, sign, traceparent, metrics } = deps;
  return async function forward(request) {
    const startedMs = performance.now();
    const measure = (outcome: 'answered' | UpstreamError['reason']) => {
      const seconds = (performance.now() - startedMs) / 1000;
      metrics.control_gateway_seconds.record(seconds, { outcome });
    };
    const { route, headers, requestId, signal } = request;
    const person = requirePerson(request.caller);
    const target = targetOf(request);
    const { body, sha256 } = await bodyOf(request);
    const call = { method: route.method, target, bodySha256: sha256 };
    const sent: Record<string, string> = {
      ...forwardedHeaders(headers),
      'x-request-id': requestId,
      [INTERNAL_ASSERTION_HEADER]: await sign(RUNTIME_AUDIENCE, call, principalOf(person)),
    };
    const parent = traceparent();
    if (parent) sent['traceparent'] = parent;
    try {
      const answer = await upstream.send({
        method: route.method,
        target,
        headers: sent,
        body,
        signal,
      });
      measure('answered');
      const bodiless = answer.status === 204 || answer.status === 304;
      return new Response(bodiless ? null : answer.body, {
        status: answer.status,
        headers: answeredHeaders(answer.rawHeaders),
      });
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      measure(error.reason);
      throw upstreamProblem(error);
    }
  };
}

/**
 * The path is built again from the route and its parameters: only what the table knows reaches the runtime, in one
 * spelling, which is also the one that the assertion signs.
 */
function targetOf({ route, params, query }: ApiRequest): string {
  const path = route.path
    .slice(GATEWAY_PREFIX.length)
    .replaceAll(/:([a-z0-9_]+)/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
  const pairs = Object.keys(route.query ?? {}).flatMap((name): [string, string][] => {
    const value = query.text(name) ?? query.integer(name) ?? query.position(name);
    return value === undefined ? [] : [[name, String(value)]];
  });
  const search = new URLSearchParams(pairs).toString();
  return search === '' ? `/v1${path}` : `/v1${path}?${search}`;
}

/** Small bodies are read, because the assertion names their hash; an artifact names its own in the path and streams. */
async function bodyOf({ route, params, content, headers }: ApiRequest) {
  if (route.bodyBytesMax === 0) return { body: null, sha256: bodySha256() };
  const named = params['sha256'];
  if (isSha256(named)) return { body: content, sha256: named.slice('sha256:'.length) };
  const chunks: Uint8Array[] = [];
  for await (const chunk of content) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  const absent = body.byteLength === 0 && !headers.has('content-type');
  return { body: absent ? null : body, sha256: bodySha256(body) };
}

function principalOf({ user_id, org_id, scopes, session_id, device_id }: Person) {
  return { user_id, org_id, scopes, session_id, device_id };
}

function upstreamProblem(error: UpstreamError): ProblemError {
  const detail =
    error.reason === 'timeout'
      ? 'The runtime did not answer in time.'
      : 'The runtime is not there.';
  const code = error.reason === 'timeout' ? 'timeout' : 'service_unavailable';
  return new ProblemError(code, detail, { retryAfterMs: RETRY_AFTER_MS, cause: error });
}
