import { READ } from './presets.ts';
import type { Route } from './routes.ts';

export const FANOUT_TOPICS_DEFAULT = 20;
export const FANOUT_TOPICS_MAX = 1_000;

/** What a Khala node answers over HTTP, beside its health. */
export const KHALA_ROUTES = [
  {
    ...READ,
    envelope: 'none',
    auth: 'access_or_internal',
    scope: 'ops.read',
    name: 'khala.fanout.metrics',
    summary: 'What this node delivers, by topic, for an operator',
    path: '/internal/v1/khala/fanout/metrics',
    response: 'openagents.ops.v1.FanoutMetrics',
    query: {
      topic_limit: {
        kind: 'integer',
        description: 'At most so many topics, the busiest first',
        least: 0,
        most: FANOUT_TOPICS_MAX,
        default: FANOUT_TOPICS_DEFAULT,
      },
    },
  },
] as const satisfies readonly Route[];
