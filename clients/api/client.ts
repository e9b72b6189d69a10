/**
 * The typed client of control and runtime. Method, path, messages, authentication and idempotency of a call come from
 * the route tables in `proto/http`, so that a client can say nothing that the servers do not declare.
 */
import { randomUUID } from 'node:crypto';
import {
  BUILD_ID_HEADER,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_HEADER,
  SCHEMA_VERSION,
  SCHEMA_VERSION_HEADER,
} from '#proto/compat.ts';
import type { CompatibilityResponse, MessageTypes, ServiceEndpoints } from '#proto/gen/types.ts';
import { CONTROL_OWN_ROUTES } from '#proto/http/control.ts';
import { KHALA_ROUTES } from '#proto/http/khala.ts';
import { pathParameters, type Route } from '#proto/http/routes.ts';
import { PUBLIC_ROUTES } from '#proto/http/runtime.ts';
import { type Draft, type MessageName, readMessage } from '#proto/read.ts';
import { CLIENT_BUILD_ID } from './build.ts';
import { ApiError } from './errors.ts';
import { createSession, type Session } from './session.ts';
import type { SessionStore } from './session-store.ts';
import type { HttpRequest, Transport } from './transport.ts';

type AnyRoute =
  | (typeof CONTROL_OWN_ROUTES)[number]
  | (typeof PUBLIC_ROUTES)[number]
  | (typeof KHALA_ROUTES)[number];
type RouteNamed<N extends AnyRoute['name']> = Extract<AnyRoute, { name: N }>;
export type RouteName = AnyRoute['name'];

/** What the route answers: its message. */
export type AnswerOf<N extends RouteName> = RouteNamed<N>['response'] extends infer M
  ? M extends MessageName
    ? MessageTypes[M]
    : null
  : never;

type BodyOf<N extends RouteName> = RouteNamed<N>['request'] extends infer M
  ? M extends MessageName
    ? Draft<MessageTypes[M]>
    : undefined
  : never;

export interface CallInput<N extends RouteName> {
  params?: Record<string, string>;
  query?: Record<string, string | number | undefined>;
  body?: BodyOf<N>;
  /** For routes whose body is content, not JSON. */
  bytes?: Blob;
  /** Default: a new one, the same for all attempts of this call. */
  idempotencyKey?: string;
  /** Which service answers, for the operational routes that each of them has. Default: control. */
  at?: 'control' | 'runtime';
  signal?: AbortSignal;
  timeoutMs?: number;
  attemptsMax?: number;
}

/** One finished call, as telemetry sees it. */
export interface CallMeasure {
  name: RouteName;
  durationMs: number;
  outcome: 'ok' | ApiError['kind'];
}

export interface ApiClientDeps {
  controlUrl: string;
  transport: Transport;
  sessionStore: SessionStore;
  deviceId: string;
  now(): number;
  onCall?(measure: CallMeasure): void;
}

export interface ApiClient {
  readonly controlUrl: string;
  readonly session: Session;
  call<N extends RouteName>(name: N, input?: CallInput<N>): Promise<AnswerOf<N>>;
  /** For routes that stream bytes or lines. */
  download<N extends RouteName>(name: N, input?: CallInput<N>): Promise<Response>;
  /** Where the services are, as control says. */
  endpoints(): Promise<ServiceEndpoints>;
}

export function createApiClient(deps: ApiClientDeps): ApiClient {
  const controlUrl = deps.controlUrl.replace(/\/+$/, '');
  let discovered: Promise<ServiceEndpoints> | undefined;

  const session = createSession({
    controlUrl,
    store: deps.sessionStore,
    now: deps.now,
    async refresh(refreshToken) {
      const answer = await call('auth.refresh.completed', {
        body: { refresh_token: refreshToken, device_id: deps.deviceId },
      });
      if (!answer.session || !answer.tokens) throw undecodable('auth.refresh.completed');
      return { session: answer.session, tokens: answer.tokens };
    },
  });

  async function discover(): Promise<ServiceEndpoints> {
    const answer: CompatibilityResponse = await call('compatibility.read', {});
    return answer.endpoints ?? { runtime_url: '', khala_url: '' };
  }

  function endpoints(): Promise<ServiceEndpoints> {
    discovered ??= discover().catch((error: unknown) => {
      discovered = undefined;
      throw error;
    });
    return discovered;
  }

  async function addressOf(route: Route, input: CallInput<RouteName>): Promise<string> {
    const path = `${fillPath(route, input.params ?? {})}${queryText(input.query)}`;
    if (OF_KHALA.has(route)) return new URL(path, httpOf((await endpoints()).khala_url)).href;
    if (!route.path.startsWith('/v1/') && input.at !== 'runtime') return `${controlUrl}${path}`;
    const { runtime_url: runtimeUrl } = await endpoints();
    return runtimeUrl
      ? `${runtimeUrl.replace(/\/+$/, '')}${path}`
      : `${controlUrl}/api/runtime${path.replace(/^\/v1/, '')}`;
  }

  async function requestOf(
    route: Route,
    input: CallInput<RouteName>,
    streams: boolean,
  ): Promise<HttpRequest> {
    const headers: Record<string, string> = {
      accept: 'application/json, application/problem+json',
      [BUILD_ID_HEADER]: CLIENT_BUILD_ID,
      [PROTOCOL_VERSION_HEADER]: String(PROTOCOL_VERSION),
      [SCHEMA_VERSION_HEADER]: String(SCHEMA_VERSION),
    };
    if (route.idempotency === 'required') {
      headers['idempotency-key'] = input.idempotencyKey ?? randomUUID();
    }
    if (input.bytes) headers['content-type'] = 'application/octet-stream';
    else if (route.request !== null) headers['content-type'] = 'application/json';
    return {
      method: route.method,
      url: await addressOf(route, input),
      headers,
      repeatable: route.method !== 'POST' || route.idempotency !== 'none',
      streams,
      ...(input.bytes ? { body: input.bytes } : {}),
      ...(route.request === null ? {} : { body: JSON.stringify(input.body ?? {}) }),
      ...(input.signal ? { signal: input.signal } : {}),
      ...(input.timeoutMs === undefined ? {} : { timeoutMs: input.timeoutMs }),
      ...(input.attemptsMax === undefined ? {} : { attemptsMax: input.attemptsMax }),
    };
  }

  async function send(
    route: Route,
    input: CallInput<RouteName>,
    streams = false,
  ): Promise<Response> {
    const request = await requestOf(route, input, streams);
    if (route.auth === 'none') return deps.transport(request);
    for (;;) {
      const token = await session.accessToken();
      try {
        return await deps.transport(bearing(request, token));
      } catch (error) {
        if (!(error instanceof ApiError) || error.kind !== 'Unauthorized') throw error;
        // Returns once for each newer token, and throws for the newest.
        await session.refused(token, error);
      }
    }
  }

  async function measured<N extends RouteName, T>(name: N, work: () => Promise<T>): Promise<T> {
    const startedAt = deps.now();
    let outcome: CallMeasure['outcome'] = 'ok';
    try {
      return await work();
    } catch (error) {
      outcome = error instanceof ApiError ? error.kind : 'Unknown';
      throw error;
    } finally {
      deps.onCall?.({ name, durationMs: deps.now() - startedAt, outcome });
    }
  }

  function call<N extends RouteName>(name: N, input: CallInput<N> = {}): Promise<AnswerOf<N>> {
    return measured(name, async () => {
      const route = routeNamed(name);
      const response = await send(route, input as CallInput<RouteName>);
      // The table's type of `response` decides what AnswerOf is, and `decode` reads exactly that message.
      return (await decode(route, response)) as AnswerOf<N>;
    });
  }

  return {
    controlUrl,
    session,
    call,
    download: (name, input = {}) =>
      measured(name, () => send(routeNamed(name), input as CallInput<RouteName>, true)),
    endpoints,
  };
}

const ROUTES: ReadonlyMap<string, Route> = new Map(
  [...CONTROL_OWN_ROUTES, ...PUBLIC_ROUTES, ...KHALA_ROUTES].map((route) => [route.name, route]),
);

const OF_KHALA: ReadonlySet<Route> = new Set(KHALA_ROUTES);

/** A node answers HTTP on the port of its socket. */
function httpOf(socketUrl: string): string {
  return socketUrl.replace(/^ws/, 'http');
}

function routeNamed(name: RouteName): Route {
  const route = ROUTES.get(name);
  if (!route) throw new TypeError(`no route ${name}`);
  return route;
}

function fillPath(route: Route, params: Record<string, string>): string {
  let path = route.path;
  for (const name of pathParameters(route.path)) {
    const value = params[name];
    if (!value) throw new TypeError(`${route.name} needs the path parameter ${name}`);
    path = path.replace(`:${name}`, encodeURIComponent(value));
  }
  return path;
}

function queryText(query: CallInput<RouteName>['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : ([[name, String(value)]] as const),
  );
  return pairs.length === 0 ? '' : `?${new URLSearchParams(Object.fromEntries(pairs))}`;
}

function bearing(request: HttpRequest, token: string): HttpRequest {
  return { ...request, headers: { ...request.headers, authorization: `Bearer ${token}` } };
}

async function decode(route: Route, response: Response): Promise<unknown> {
  if (route.response === null) return null;
  const text = await response.text();
  try {
    const json = JSON.parse(text) as { data?: unknown };
    const message = route.envelope === 'data' ? json.data : json;
    return route.response in NOT_MESSAGES
      ? message
      : readMessage(route.response as MessageName, message);
  } catch (cause) {
    throw undecodable(route.name, cause);
  }
}

const NOT_MESSAGES = { bytes: true, ndjson: true, text: true, json: true };

function undecodable(name: string, cause?: unknown): ApiError {
  const why = cause instanceof Error ? `: ${cause.message}` : '';
  return new ApiError('Decode', `the answer of ${name} cannot be read${why}`, { cause });
}
