/**
 * Turns a table of routes into an app. Every request takes the same steps in this order: identity and trace,
 * compatibility, caller, scope, query, body, idempotency, handler, envelope. Whatever is thrown becomes one problem.
 */
import { type Context, Hono } from 'hono';
import type { Logger } from 'pino';
import { ProblemError } from '#proto/errors.ts';
import type { Route } from '#proto/http/routes.ts';
import type { HTTP_METRICS, Metrics } from '../metrics.ts';
import type { SpanName, Tracing } from '../tracing.ts';
import type { CheckCompatibility } from './compatibility.ts';
import type { Handler, Handlers } from './handler.ts';
import { problemCode, problemResponse } from './problem.ts';
import { REQUEST_ID_HEADER, requestIdOf, traceparentOf } from './request-identity.ts';
import { setSecurityHeaders } from './security-headers.ts';
import { type ServeDeps, serveRoute } from './serve-route.ts';

export interface ApiDeps<Tx> extends ServeDeps<Tx> {
  readonly span: SpanName;
  readonly checkCompatibility: CheckCompatibility;
  readonly logger: Logger;
  readonly tracing: Tracing;
  readonly metrics: Metrics<typeof HTTP_METRICS>;
}

/** The app of a table: each of its routes and nothing else; an unknown path or method is a problem as well. */
export function createApi<const Routes extends readonly Route[], Tx>(
  routes: Routes,
  handlers: Partial<Handlers<Routes, Tx>>,
  deps: ApiDeps<Tx>,
  app: Hono = new Hono(),
): Hono {
  const served = routes.filter(({ name }) => Object.hasOwn(handlers, name));
  for (const route of served) {
    // The mapped type ties each name to its body; here only the name is known.
    const handler = handlers[route.name as keyof typeof handlers] as Handler<unknown, Tx>;
    app.on(route.method, route.path, (c) =>
      answer(c, route.name, deps, async (requestId) => {
        deps.checkCompatibility(c.req.raw.headers);
        return serveRoute(c, route, handler, deps, requestId);
      }),
    );
  }
  for (const [path, methods] of methodsByPath(served)) {
    app.all(path, async (c) => {
      const refusal = await answer(c, 'method_not_allowed', deps, async () => {
        throw new ProblemError('method_not_allowed', `This path knows ${methods.join(', ')}.`);
      });
      refusal.headers.set('allow', methods.join(', '));
      return refusal;
    });
  }
  app.notFound((c) =>
    answer(c, 'not_found', deps, async () => {
      throw new ProblemError('not_found', 'No route has this path.');
    }),
  );
  return app;
}

/** Runs one request inside its span, and gives its answer the headers that every answer has. */
async function answer<Tx>(
  c: Context,
  name: string,
  deps: ApiDeps<Tx>,
  serve: (requestId: string) => Promise<Response>,
): Promise<Response> {
  const { tracing, metrics, logger, span } = deps;
  const startedMs = performance.now();
  const requestId = requestIdOf(c.req.raw.headers);
  return tracing.span(
    span,
    { route: name },
    async () => {
      let code = 'ok';
      const response = await serve(requestId).catch((error: unknown) => {
        code = problemCode(error);
        return problemResponse(error, requestId, logger);
      });
      const traceparent = tracing.traceparent();
      response.headers.set(REQUEST_ID_HEADER, requestId);
      if (traceparent) response.headers.set('traceparent', traceparent);
      setSecurityHeaders(response.headers);
      if (leavesBodyUnread(c.req.raw, response)) response.headers.set('connection', 'close');

      const seconds = (performance.now() - startedMs) / 1000;
      metrics.http_requests_total.record(1, { route: name, status: response.status, code });
      metrics.http_request_duration_seconds.record(seconds, { route: name });
      const { status } = response;
      const run_id = c.req.param('run_id');
      logger.debug({ request_id: requestId, run_id, route: name, status, code, seconds }, 'served');
      return response;
    },
    traceparentOf(c.req.raw.headers),
  );
}

/** A body that small is thrown away faster than a connection is made. */
const DISCARDED_BYTES_MAX = 65_536;

/** The rest of a refused upload is not waited for: the connection ends, and its client must know not to use it again. */
function leavesBodyUnread(request: Request, { status }: Response): boolean {
  const { headers } = request;
  const length = headers.get('content-length');
  if (length === null && !headers.has('transfer-encoding')) return false;
  const isLarge = length === null || Number(length) > DISCARDED_BYTES_MAX;
  return isLarge && (status === 413 || !request.bodyUsed);
}

function methodsByPath(routes: readonly Route[]): Map<string, string[]> {
  const methods = new Map<string, string[]>();
  for (const { path, method } of routes) methods.set(path, [...(methods.get(path) ?? []), method]);
  return methods;
}
