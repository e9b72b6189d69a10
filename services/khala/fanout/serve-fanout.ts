import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { FanoutMetrics } from '#proto/gen/types.ts';
import { KHALA_ROUTES } from '#proto/http/khala.ts';
import type { Authenticate } from '#services/shared/http/authenticate.ts';
import { requireScope } from '#services/shared/http/caller.ts';
import { problemResponse } from '#services/shared/http/problem.ts';
import { parseQuery } from '#services/shared/http/query.ts';
import { requestIdOf } from '#services/shared/http/request-identity.ts';
import { bodySha256 } from '#services/shared/internal-assertion.ts';

const [ROUTE] = KHALA_ROUTES;

/** A node's own numbers, for one of our services or an operator (scope `ops.read`): they name topics, hence people's runs. */
export function createFanoutRoute(deps: {
  authenticate: Authenticate;
  metrics(topicLimit: number): FanoutMetrics;
  logger: Logger;
}): Hono {
  const { authenticate, metrics, logger } = deps;
  return new Hono().get(ROUTE.path, async (c) => {
    const { headers, url } = c.req.raw;
    try {
      const { pathname, search, searchParams } = new URL(url);
      const caller = await authenticate(ROUTE.auth, headers, async () => ({
        method: 'GET',
        target: pathname + search,
        bodySha256: bodySha256(),
      }));
      requireScope(caller, ROUTE.scope);
      return c.json(metrics(parseQuery(ROUTE.query, searchParams).count('topic_limit')));
    } catch (error) {
      return problemResponse(error, requestIdOf(headers), logger);
    }
  });
}
