import type { MessageName } from '../read.ts';
import type { Scope } from '../scopes.ts';

/** A query parameter. Everything that a route does not name is refused. */
export type QueryRule =
  | { kind: 'text'; description: string; lengthMax: number; pattern?: RegExp; required?: boolean }
  | { kind: 'choice'; description: string; values: readonly string[]; required?: boolean }
  | { kind: 'integer'; description: string; least: number; most: number; default?: number }
  /** A 64-bit position as a decimal string. */
  | { kind: 'position'; description: string };

/**
 * One row of the contract of an HTTP API. The table drives routing, validation, OpenAPI and the audit name, so that
 * none of them can say something else.
 */
export interface Route {
  /** Audit name and operation id. */
  name: string;
  summary: string;
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** `:name` is a path parameter. */
  path: string;
  /** JSON body. With `content` the body is bytes instead. */
  request: MessageName | null;
  content?: 'bytes';
  /** JSON answer, or what is streamed instead. */
  response: MessageName | null | 'bytes' | 'ndjson' | 'text' | 'json';
  /** `data`: `{"data": …}` and, for a mutation, `"receipt"`. `none`: the message itself. */
  envelope: 'data' | 'none';
  /** The usual success; further ones stand in `successStatuses`. */
  status: number;
  successStatuses: readonly number[];
  auth: 'none' | 'access' | 'internal' | 'access_or_internal';
  scope?: Scope;
  /** Leaves a command receipt. */
  mutates: boolean;
  /**
   * `required`: needs an `Idempotency-Key`. `natural`: the body or the path names the mutation (an event's key, a
   * hash, a lease epoch), or the answer holds secrets and must not be stored. `none`: nothing changes.
   */
  idempotency: 'required' | 'natural' | 'none';
  query?: Readonly<Record<string, QueryRule>>;
  bodyBytesMax: number;
}

/** Names of the path parameters, in order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/:([a-z0-9_]+)/g)].flatMap((match) => match[1] ?? []);
}
