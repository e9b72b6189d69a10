import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { Tx } from '#db/transaction.ts';
import { RUNTIME_ROUTES } from '#proto/http/runtime.ts';
import { type ApiDeps, createApi } from '../shared/http/api.ts';
import type { Operations } from '../shared/readiness.ts';
import { listAllApprovals, listRunApprovals } from './approvals/list-approvals.ts';
import { requestApproval } from './approvals/request-approval.ts';
import { resolveApproval } from './approvals/resolve-approval.ts';
import { serveCodec } from './codec/serve-codec.ts';
import type { RuntimeDeps, RuntimeHandlers } from './deps.ts';
import { authorizeTopics } from './internal/authorize-topics.ts';
import { listCheckpoints, listDrift, showRunSummary } from './internal/projectors.ts';
import { revokeSync } from './internal/revoke-sync.ts';
import { reproject } from './projectors/reproject.ts';
import { publishDocument, publishKeys } from './published.ts';
import { appendRunEvents } from './runs/append-events.ts';
import { appendEventsOfRuns } from './runs/append-events-of-runs.ts';
import { cancelRun, interruptRun } from './runs/control-run.ts';
import { createRun } from './runs/create-run.ts';
import { readEventBatch, readEventBatches } from './runs/event-batch.ts';
import { hostAppends } from './runs/host-appends.ts';
import { getRun, listOwnRuns, listRunEvents } from './runs/read-runs.ts';
import {
  getArtifactInternally,
  getRunArtifact,
  putArtifactInternally,
  putRunArtifact,
} from './runs/run-artifacts.ts';
import { getRunBundle, getRunReceipt, getRunReplay } from './runs/run-evidence.ts';
import { postRunMessage } from './runs/run-messages.ts';
import { submitFrame } from './runs/submit-frame.ts';
import { forkThread } from './threads/fork-thread.ts';
import { postMessage } from './threads/post-message.ts';
import { createThread, getThread, listOwnThreads, listThreadMessages } from './threads/threads.ts';
import { listTopics } from './topics/list-topics.ts';
import { appendWorkerEvents } from './workers/append-worker-events.ts';
import { dispatchRequest } from './workers/dispatch-request.ts';
import {
  getWorker,
  getWorkerCheckpoint,
  listEventsOfWorker,
  listRequestsOfWorker,
  listVisibleWorkers,
} from './workers/read-workers.ts';
import { registerWorker } from './workers/register-worker.ts';
import { renewWorkerLease } from './workers/worker-lease.ts';
import { changeWorkerStatus, stopWorker } from './workers/worker-status.ts';

export interface RuntimeAppDeps {
  readonly runtime: RuntimeDeps;
  readonly api: Omit<ApiDeps<Tx>, 'span' | 'quickValidators' | 'logger' | 'tracing' | 'metrics'>;
  readonly operations: Operations;
  readonly allowedOrigins: readonly string[];
  /** Of the Temporal UI, whose pages ask the codec. */
  readonly operatorOrigin: string;
}

/** The runtime as a value: the table of its contract with a handler for each route. */
export function createRuntimeApp({
  runtime,
  api,
  operations,
  allowedOrigins,
  operatorOrigin,
}: RuntimeAppDeps): Hono {
  const { logger, tracing, metrics } = runtime;
  const app = new Hono();
  const readableBy = (origin: readonly string[]) =>
    cors({
      origin: [...origin],
      credentials: false,
      maxAge: CORS_MAX_AGE_S,
      exposeHeaders: EXPOSED_HEADERS,
    });
  if (allowedOrigins.length > 0) app.use('/v1/*', readableBy(allowedOrigins));
  app.use('/codec/*', readableBy([operatorOrigin]));
  app.route('/', operations.routes);
  return createApi(
    RUNTIME_ROUTES,
    runtimeHandlers(runtime),
    {
      ...api,
      span: 'runtime.ingest',
      quickValidators: {
        'openagents.runtime.v1.AppendRunEventsRequest': readEventBatch,
        'openagents.runtime.v1.AppendEventsOfRunsRequest': readEventBatches,
      },
      logger,
      tracing,
      metrics,
    },
    app,
  );
}

/** What a page may read of an answer beside its body. */
const EXPOSED_HEADERS = [
  'etag',
  'retry-after',
  'x-request-id',
  'traceparent',
  'idempotency-replayed',
];

/** A browser asks again this often whether it may. */
const CORS_MAX_AGE_S = 600;

function runtimeHandlers(deps: RuntimeDeps): RuntimeHandlers {
  const appendAsHost = hostAppends(deps);
  return {
    'runtime.run.create': createRun(deps),
    'runtime.run.list': listOwnRuns(deps),
    'runtime.run.get': getRun(deps),
    'runtime.run.events.list': listRunEvents(deps),
    'runtime.run.events.append': appendRunEvents(deps, appendAsHost),
    'runtime.runs.events.append': appendEventsOfRuns(deps, appendAsHost),
    'runtime.run.frame.submit': submitFrame(deps),
    'runtime.run.cancel': cancelRun(deps),
    'runtime.run.message.post': postRunMessage(deps),
    'runtime.run.interrupt': interruptRun(deps),
    'runtime.approval.list': listAllApprovals(deps),
    'runtime.run.approval.list': listRunApprovals(deps),
    'runtime.run.approval.request': requestApproval(deps),
    'runtime.run.approval.resolve': resolveApproval(deps),
    'runtime.run.receipt': getRunReceipt(deps),
    'runtime.run.replay': getRunReplay(deps),
    'runtime.run.bundle': getRunBundle(deps),
    'runtime.run.artifact.get': getRunArtifact(deps),
    'runtime.run.artifact.put': putRunArtifact(deps),
    'runtime.worker.register': registerWorker(deps),
    'runtime.worker.list': listVisibleWorkers(deps),
    'runtime.worker.get': getWorker(deps),
    'runtime.worker.heartbeat': renewWorkerLease(deps),
    'runtime.worker.status.set': changeWorkerStatus(deps),
    'runtime.worker.events.list': listEventsOfWorker(deps),
    'runtime.worker.events.append': appendWorkerEvents(deps),
    'runtime.worker.request.dispatch': dispatchRequest(deps),
    'runtime.worker.request.list': listRequestsOfWorker(deps),
    'runtime.worker.stop': stopWorker(deps),
    'runtime.worker.checkpoint': getWorkerCheckpoint(deps),
    'runtime.thread.create': createThread(deps),
    'runtime.thread.list': listOwnThreads(deps),
    'runtime.thread.get': getThread(deps),
    'runtime.thread.messages.list': listThreadMessages(deps),
    'runtime.thread.message.post': postMessage(deps),
    'runtime.thread.fork': forkThread(deps),
    'runtime.topic.list': listTopics(deps),
    'runtime.sync.topics.authorize': authorizeTopics(deps),
    'runtime.sync.revoke': revokeSync(deps),
    'runtime.internal.artifact.get': getArtifactInternally(deps),
    'runtime.internal.artifact.put': putArtifactInternally(deps),
    'runtime.projectors.checkpoints': listCheckpoints(deps),
    'runtime.projectors.drift': listDrift(deps),
    'runtime.projectors.reproject': reproject(deps),
    'runtime.projectors.run_summary': showRunSummary(deps),
    'runtime.codec.decode': serveCodec(deps, 'decode'),
    'runtime.codec.encode': serveCodec(deps, 'encode'),
    'ops.openapi': publishDocument(),
    'ops.keys': publishKeys(deps),
  };
}
