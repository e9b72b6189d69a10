import { createHash } from 'node:crypto';
import type { Context } from 'hono';
import { ProblemError } from '#proto/errors.ts';
import type { FaultPoints } from '#proto/fault-points.ts';
import type { Route } from '#proto/http/routes.ts';
import { isSha256 } from '#proto/sha256.ts';
import { type MessageName, type Validation, validateMessage } from '#proto/validate.ts';
import type { AssertedCall } from '../internal-assertion.ts';
import type { Authenticate } from './authenticate.ts';
import { boundedContent, parseJson, readBody, requireJson } from './body.ts';
import { type Caller, requireScope } from './caller.ts';
import {
  type Answer,
  type Command,
  type CommandStore,
  fingerprintOf,
  IDEMPOTENCY_REPLAYED_HEADER,
  requireKey,
  type StoredAnswer,
  storedAnswer,
} from './command.ts';
import type { Handler } from './handler.ts';
import { parseQuery } from './query.ts';
import { runCommand } from './run-command.ts';

export interface ServeDeps<Tx> {
  readonly authenticate: Authenticate;
  readonly commands: CommandStore<Tx>;
  /** `<route>.answer`: what a command did is durable, and its caller was not told. */
  readonly faults?: FaultPoints;
  /** Messages whose strict reading is too slow for their rate, with the check that stands in for it. */
  readonly quickValidators?: Readonly<
    Partial<Record<MessageName, (value: unknown) => Validation<unknown>>>
  >;
}

/** One request from its caller to its answer. Throws whatever is in the way; `api.ts` makes it a problem. */
export async function serveRoute<Tx>(
  c: Context,
  route: Route,
  handler: Handler<unknown, Tx>,
  deps: ServeDeps<Tx>,
  requestId: string,
): Promise<Response> {
  const request = c.req.raw;
  const { headers } = request;
  const url = new URL(request.url);
  const params = c.req.param() as Record<string, string>;
  // Nothing has such a name, and Postgres knows no text that holds it.
  if (Object.values(params).some((value) => value.includes('\0'))) {
    throw new ProblemError('not_found', 'No route has this path.');
  }
  const readBytes = once(async () =>
    route.request === null ? NO_BYTES : readBody(request, route.bodyBytesMax),
  );

  const caller = await deps.authenticate(route.auth, headers, async () => ({
    method: route.method,
    target: url.pathname + url.search,
    bodySha256: await assertedDigest(route, params, readBytes),
  }));
  if (route.scope) requireScope(caller, route.scope);
  const query = parseQuery(route.query ?? {}, url.searchParams);
  const body = route.request && (await readMessage(route.request, headers, readBytes, deps));
  const content = boundedContent(request, route.bodyBytesMax);
  const { signal } = request;
  const seen = { route, params, query, body, content, headers, caller, requestId, signal };

  if (!route.mutates) {
    return finish(await handler({ ...seen, command: noCommand(route) }), route);
  }
  const { answer, replayed } = await runCommand(
    deps.commands,
    {
      requestId,
      principal: caller.principal,
      route: route.name,
      status: route.status,
      key: route.idempotency === 'required' ? requireKey(headers) : '',
      fingerprint: await fingerprint(route, url.pathname, body, caller, readBytes),
    },
    (command) => handler({ ...seen, command }),
  );
  deps.faults?.reach(`${route.name}.answer`);
  return answer instanceof Response ? answer : stored(answer, replayed);
}

const NO_BYTES = new Uint8Array();

async function readMessage<Tx>(
  name: MessageName,
  headers: Headers,
  readBytes: () => Promise<Uint8Array>,
  { quickValidators }: ServeDeps<Tx>,
): Promise<unknown> {
  requireJson(headers);
  const value = parseJson(await readBytes());
  const checked = quickValidators?.[name]?.(value) ?? validateMessage(name, value);
  if (checked.ok) return checked.value;
  throw new ProblemError('invalid_request', 'The body is not valid.', { faults: checked.faults });
}

/** A streamed body is known by the hash in its path, which the artifact store enforces. */
async function assertedDigest(
  route: Route,
  params: Readonly<Record<string, string>>,
  readBytes: () => Promise<Uint8Array>,
): Promise<AssertedCall['bodySha256']> {
  const named = params['sha256'];
  if (route.content === 'bytes' && isSha256(named)) return named.slice('sha256:'.length);
  return hexDigest(await readBytes());
}

/** A key's fingerprint ignores how the JSON was written; a naturally idempotent body is known by its bytes. */
async function fingerprint(
  route: Route,
  path: string,
  body: unknown,
  caller: Caller,
  readBytes: () => Promise<Uint8Array>,
): Promise<string> {
  const { method } = route;
  const sent = route.idempotency === 'required' ? body : hexDigest(await readBytes());
  return fingerprintOf({ method, path, body: sent ?? null, caller });
}

function hexDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads do not command; a handler that tries to is a mistake in the table. */
function noCommand<Tx>(route: Route): Command<Tx> {
  function refuse(): never {
    throw new TypeError(`route ${route.name} is declared as a read`);
  }
  return {
    get context() {
      return refuse();
    },
    id: refuse,
    complete: refuse,
  };
}

function finish(answer: Answer | Response, route: Route): Response {
  if (answer instanceof Response) return answer;
  const { status = route.status, data } = answer;
  if (route.envelope === 'none') return Response.json(data, { status });
  return stored(storedAnswer({ status, data }, null), false);
}

function stored({ status, headers, body }: StoredAnswer, replayed: boolean): Response {
  const marks = replayed ? { [IDEMPOTENCY_REPLAYED_HEADER]: 'true' } : {};
  // Node's Buffer is a Uint8Array that the fetch types do not know.
  return new Response(body as Uint8Array<ArrayBuffer>, {
    status,
    headers: { ...headers, ...marks },
  });
}

function once<T>(read: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= read();
    return result;
  };
}
