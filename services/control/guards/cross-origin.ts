import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';

/** How long a browser remembers the answer to its preflight. */
const PREFLIGHT_MAX_AGE_S = 600;

/**
 * Lets pages of the listed origins call the API. There are no cookies, so credentials are never allowed; every other
 * origin gets an answer without the headers that would let its page read it.
 */
export function crossOrigin(allowedOrigins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: (origin) => (allowedOrigins.includes(origin) ? origin : null),
    allowMethods: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowHeaders: [
      'authorization',
      'content-type',
      'idempotency-key',
      'if-match',
      'if-none-match',
      'traceparent',
      'x-client',
      'x-device-id',
      'x-oa-client-build-id',
      'x-oa-protocol-version',
      'x-oa-schema-version',
      'x-request-id',
    ],
    exposeHeaders: ['etag', 'idempotency-replayed', 'retry-after', 'traceparent', 'x-request-id'],
    maxAge: PREFLIGHT_MAX_AGE_S,
  });
}
