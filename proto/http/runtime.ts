import { RUN_PHASE_TEXTS, RUN_STATUS_TEXTS, WORK_UNIT_KIND_TEXTS } from '../gen/types.ts';
import { ARTIFACT_BYTES_MAX, BODY_BYTES_MAX } from '../limits.ts';
import { BATCH, COMMAND, EVENT_PAGE, NATURAL, OPERATIONS, PAGE, READ } from './presets.ts';
import type { Route } from './routes.ts';
import { APPROVAL_ROUTES } from './runtime-approvals.ts';
import { CODEC_ROUTES } from './runtime-codec.ts';
import { INTERNAL_ROUTES } from './runtime-internal.ts';
import { PROJECTOR_ROUTES } from './runtime-projectors.ts';
import { THREAD_ROUTES } from './runtime-threads.ts';
import { TOPIC_ROUTES } from './runtime-topics.ts';
import { WORKER_ROUTES } from './runtime-workers.ts';

const RUN_READ = { ...READ, auth: 'access_or_internal', scope: 'runtime.read' } as const;
const RUN_COMMAND = { ...COMMAND, auth: 'access_or_internal', scope: 'runtime.write' } as const;
const WRITE = { auth: 'access_or_internal', scope: 'runtime.write' } as const;

export const RUN_ROUTES = [
  {
    ...RUN_COMMAND,
    name: 'runtime.run.create',
    summary: 'Start a run',
    path: '/v1/runs',
    request: 'openagents.runtime.v1.CreateRunRequest',
    response: 'openagents.runtime.v1.CreateRunResponse',
    status: 201,
    successStatuses: [201],
    bodyBytesMax: BODY_BYTES_MAX,
  },
  {
    ...RUN_READ,
    name: 'runtime.run.list',
    summary: 'Runs of the caller, newest first',
    path: '/v1/runs',
    response: 'openagents.runtime.v1.ListRunsResponse',
    query: {
      ...PAGE,
      status: { kind: 'choice', description: 'Only runs in this state', values: RUN_STATUS_TEXTS },
      phase: { kind: 'choice', description: 'Only runs in this phase', values: RUN_PHASE_TEXTS },
      work_unit: {
        kind: 'choice',
        description: 'Only runs of this kind',
        values: WORK_UNIT_KIND_TEXTS,
      },
      worker_id: { kind: 'text', description: 'Only runs on this worker', lengthMax: 160 },
      thread_id: { kind: 'text', description: 'Only runs of this thread', lengthMax: 160 },
      org_id: {
        kind: 'text',
        description: 'Runs of this organisation, not of the caller alone',
        lengthMax: 160,
      },
    },
  },
  {
    ...RUN_READ,
    name: 'runtime.run.get',
    summary: 'One run',
    path: '/v1/runs/:run_id',
    response: 'openagents.runtime.v1.RunResponse',
  },
  {
    ...RUN_READ,
    name: 'runtime.run.events.list',
    summary: 'The log of a run, in order',
    path: '/v1/runs/:run_id/events',
    response: 'openagents.runtime.v1.ListRunEventsResponse',
    query: EVENT_PAGE,
  },
  {
    ...BATCH,
    ...WRITE,
    name: 'runtime.run.events.append',
    summary: 'Append a batch of events to the log of a run',
    path: '/v1/runs/:run_id/events',
    request: 'openagents.runtime.v1.AppendRunEventsRequest',
    response: 'openagents.runtime.v1.AppendRunEventsResponse',
  },
  {
    ...BATCH,
    ...WRITE,
    name: 'runtime.runs.events.append',
    summary: 'Append batches of events to the logs of several runs, each by itself',
    path: '/v1/run-events',
    request: 'openagents.runtime.v1.AppendEventsOfRunsRequest',
    response: 'openagents.runtime.v1.AppendEventsOfRunsResponse',
  },
  {
    ...BATCH,
    ...WRITE,
    name: 'runtime.run.frame.submit',
    summary: 'Hand a frame to a run; its frame_id makes it happen once',
    path: '/v1/runs/:run_id/frames',
    request: 'openagents.runtime.v1.SubmitFrameRequest',
    response: 'openagents.runtime.v1.SubmitFrameResponse',
    status: 202,
    successStatuses: [202, 200],
  },
  {
    ...RUN_COMMAND,
    name: 'runtime.run.cancel',
    summary: 'Cancel a run',
    path: '/v1/runs/:run_id/cancel',
    request: 'openagents.runtime.v1.CancelRunRequest',
    response: 'openagents.runtime.v1.CancelRunResponse',
    status: 202,
    successStatuses: [202],
  },
  {
    ...RUN_COMMAND,
    name: 'runtime.run.message.post',
    summary: 'Say something to a run: into the turn under way, or for the next one',
    path: '/v1/runs/:run_id/messages',
    request: 'openagents.runtime.v1.PostRunMessageRequest',
    response: 'openagents.runtime.v1.PostRunMessageResponse',
    status: 202,
    successStatuses: [202],
    bodyBytesMax: BODY_BYTES_MAX,
  },
  {
    ...RUN_COMMAND,
    name: 'runtime.run.interrupt',
    summary: 'Stop the turn under way; the run then waits to be told how to go on',
    path: '/v1/runs/:run_id/interrupt',
    request: 'openagents.runtime.v1.InterruptRunRequest',
    response: 'openagents.runtime.v1.InterruptRunResponse',
    status: 202,
    successStatuses: [202],
  },
  {
    ...RUN_READ,
    name: 'runtime.run.receipt',
    summary: 'The signed receipt of a run that has ended',
    path: '/v1/runs/:run_id/receipt',
    response: 'openagents.runtime.v1.ReceiptResponse',
  },
  {
    ...RUN_READ,
    name: 'runtime.run.replay',
    summary: 'The replay file of a run',
    path: '/v1/runs/:run_id/replay',
    response: 'ndjson',
    envelope: 'none',
  },
  {
    ...RUN_READ,
    name: 'runtime.run.bundle',
    summary: 'The bundle of a run: patch, receipts, replay and keys',
    path: '/v1/runs/:run_id/bundle',
    response: 'bytes',
    envelope: 'none',
  },
  {
    ...RUN_READ,
    name: 'runtime.run.artifact.get',
    summary: 'An artifact that this run grants',
    path: '/v1/runs/:run_id/artifacts/:sha256',
    response: 'bytes',
    envelope: 'none',
  },
  {
    ...NATURAL,
    ...WRITE,
    name: 'runtime.run.artifact.put',
    summary: 'Store an artifact of a run; its bytes must match the hash in the path',
    method: 'PUT',
    path: '/v1/runs/:run_id/artifacts/:sha256',
    request: null,
    content: 'bytes',
    response: 'openagents.runtime.v1.PutArtifactResponse',
    status: 201,
    successStatuses: [201, 200],
    bodyBytesMax: ARTIFACT_BYTES_MAX,
    query: {
      kind: {
        kind: 'text',
        description: 'What the artifact is, as patch, repo_bundle, output',
        lengthMax: 64,
        pattern: /^[a-z][a-z0-9_]*$/,
        required: true,
      },
    },
  },
] as const satisfies readonly Route[];

/** What people and their programs call, directly or through the gateway. */
export const PUBLIC_ROUTES = [
  ...RUN_ROUTES,
  ...APPROVAL_ROUTES,
  ...WORKER_ROUTES,
  ...THREAD_ROUTES,
  ...PROJECTOR_ROUTES,
  ...TOPIC_ROUTES,
] as const satisfies readonly Route[];

/** Everything that the runtime serves. */
export const RUNTIME_ROUTES = [
  ...PUBLIC_ROUTES,
  ...INTERNAL_ROUTES,
  ...CODEC_ROUTES,
  ...OPERATIONS,
] as const satisfies readonly Route[];
