import type { MessageTypes } from '#proto/gen/types.ts';
import type { Route } from '#proto/http/routes.ts';
import type { MessageName } from '#proto/validate.ts';
import type { Caller } from './caller.ts';
import type { Answer, Command } from './command.ts';

/** A request after every check that needs no knowledge of its noun. */
export interface ApiRequest<Body = unknown, Tx = unknown> {
  readonly route: Route;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  /** The bytes of a route that takes no message; fails past the route's limit. */
  readonly content: AsyncIterable<Uint8Array>;
  readonly headers: Headers;
  readonly caller: Caller;
  readonly requestId: string;
  readonly command: Command<Tx>;
  /** Fires when the caller has gone. */
  readonly signal: AbortSignal;
}

/** Validated query parameters: present, of their type, within their bounds; else undefined. */
export interface Query {
  text(name: string): string | undefined;
  integer(name: string): number | undefined;
  /** An integer whose rule has a default, so that it is always there. */
  count(name: string): number;
  /** A 64-bit position. */
  position(name: string): bigint | undefined;
}

export type Handler<Body, Tx> = (request: ApiRequest<Body, Tx>) => Promise<Answer | Response>;

type BodyOf<R extends Route> = R['request'] extends MessageName
  ? MessageTypes[R['request']]
  : undefined;

/** Answered by `readiness.ts`, alike in processes with and without an API. */
export type OperationsRoute = 'ops.health' | 'ops.ready' | 'ops.metrics';

/** One handler for each route of a table, typed by the route's message. */
export type Handlers<Routes extends readonly Route[], Tx> = {
  readonly [R in Routes[number] as Exclude<R['name'], OperationsRoute>]: Handler<BodyOf<R>, Tx>;
};
