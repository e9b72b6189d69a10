import { PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX } from '../limits.ts';
import { READ } from './presets.ts';
import type { Route } from './routes.ts';

export const TOPIC_ROUTES = [
  {
    ...READ,
    auth: 'access_or_internal',
    scope: 'runtime.read',
    name: 'runtime.topic.list',
    summary:
      'Topics that the caller may follow: of its own lists, its workers and its newest runs, with their positions and policy',
    path: '/v1/sync/topics',
    response: 'openagents.sync.v1.ListTopicsResponse',
    query: {
      topic: { kind: 'text', description: 'Only this topic', lengthMax: 128 },
      limit: {
        kind: 'integer',
        description: 'At most so many runs and so many workers',
        least: 1,
        most: PAGE_SIZE_MAX,
        default: PAGE_SIZE_DEFAULT,
      },
    },
  },
] as const satisfies readonly Route[];
