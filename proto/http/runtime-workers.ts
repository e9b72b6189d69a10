import { WORKER_STATUS_TEXTS } from '../gen/types.ts';
import { BODY_BYTES_MAX, REQUEST_WAIT_MS_MAX } from '../limits.ts';
import { BATCH, COMMAND, EVENT_PAGE, NATURAL, PAGE, READ } from './presets.ts';
import type { Route } from './routes.ts';

const WORKER_READ = { ...READ, auth: 'access_or_internal', scope: 'runtime.read' } as const;
const WRITE = { auth: 'access_or_internal', scope: 'runtime.write' } as const;

export const WORKER_ROUTES = [
  {
    ...COMMAND,
    ...WRITE,
    name: 'runtime.worker.register',
    summary: 'Register a worker, or reattach to one of the caller',
    path: '/v1/workers',
    request: 'openagents.codex.v1.RegisterWorkerRequest',
    response: 'openagents.codex.v1.RegisterWorkerResponse',
    status: 201,
    successStatuses: [201, 200],
  },
  {
    ...WORKER_READ,
    name: 'runtime.worker.list',
    summary: 'Workers that the caller may see',
    path: '/v1/workers',
    response: 'openagents.codex.v1.ListWorkersResponse',
    query: {
      ...PAGE,
      status: {
        kind: 'choice',
        description: 'Only workers in this state',
        values: WORKER_STATUS_TEXTS,
      },
      workspace_ref: {
        kind: 'text',
        description: 'Only workers started with this directory',
        lengthMax: 255,
      },
      adapter: { kind: 'text', description: 'Only workers of this adapter', lengthMax: 120 },
    },
  },
  {
    ...WORKER_READ,
    name: 'runtime.worker.get',
    summary: 'One worker',
    path: '/v1/workers/:worker_id',
    response: 'openagents.codex.v1.WorkerResponse',
  },
  {
    ...NATURAL,
    ...WRITE,
    name: 'runtime.worker.heartbeat',
    summary: 'Renew the lease of a worker',
    path: '/v1/workers/:worker_id/heartbeat',
    request: 'openagents.codex.v1.HeartbeatRequest',
    response: 'openagents.codex.v1.HeartbeatResponse',
  },
  {
    ...NATURAL,
    ...WRITE,
    name: 'runtime.worker.status.set',
    summary: 'Move a worker to another state',
    path: '/v1/workers/:worker_id/status',
    request: 'openagents.codex.v1.WorkerStatusRequest',
    response: 'openagents.codex.v1.WorkerResponse',
  },
  {
    ...WORKER_READ,
    name: 'runtime.worker.events.list',
    summary: 'The log of a worker, in order',
    path: '/v1/workers/:worker_id/events',
    response: 'openagents.codex.v1.ListWorkerEventsResponse',
    query: EVENT_PAGE,
  },
  {
    ...BATCH,
    ...WRITE,
    name: 'runtime.worker.events.append',
    summary: 'Append lifecycle events and terminal receipts of requests',
    path: '/v1/workers/:worker_id/events',
    request: 'openagents.codex.v1.AppendWorkerEventsRequest',
    response: 'openagents.codex.v1.AppendWorkerEventsResponse',
  },
  {
    ...NATURAL,
    ...WRITE,
    name: 'runtime.worker.request.dispatch',
    summary: 'Send a request to a worker, and wait for its receipt where asked to',
    path: '/v1/workers/:worker_id/requests',
    request: 'openagents.codex.v1.WorkerRequestDraft',
    response: 'openagents.codex.v1.WorkerRequestResponse',
    status: 202,
    successStatuses: [202, 200],
    bodyBytesMax: BODY_BYTES_MAX,
    query: {
      wait_ms: {
        kind: 'integer',
        description: 'Wait this long for the terminal receipt (200); otherwise 202 at once',
        least: 0,
        most: REQUEST_WAIT_MS_MAX,
        default: 0,
      },
    },
  },
  {
    ...WORKER_READ,
    name: 'runtime.worker.request.list',
    summary: 'Requests of a worker, with the cursor from which its topic continues',
    path: '/v1/workers/:worker_id/requests',
    response: 'openagents.codex.v1.ListWorkerRequestsResponse',
    query: {
      state: {
        kind: 'choice',
        description: 'Only requests in this state',
        values: ['pending', 'succeeded', 'failed', 'timeout'],
      },
      limit: PAGE.limit,
    },
  },
  {
    ...COMMAND,
    ...WRITE,
    name: 'runtime.worker.stop',
    summary: 'Stop a worker',
    path: '/v1/workers/:worker_id/stop',
    request: 'openagents.codex.v1.StopWorkerRequest',
    response: 'openagents.codex.v1.WorkerResponse',
    status: 202,
    successStatuses: [202, 200],
  },
  {
    ...WORKER_READ,
    name: 'runtime.worker.checkpoint',
    summary: 'Where the topic of a worker begins and ends',
    path: '/v1/workers/:worker_id/checkpoint',
    response: 'openagents.codex.v1.WorkerCheckpointResponse',
  },
] as const satisfies readonly Route[];
