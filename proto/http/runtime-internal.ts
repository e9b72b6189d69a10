import { ARTIFACT_BYTES_MAX, BODY_BYTES_MAX } from '../limits.ts';
import { NATURAL, PAGE, READ } from './presets.ts';
import type { Route } from './routes.ts';

const SERVICE_READ = { ...READ, auth: 'internal' } as const;
const SERVICE_COMMAND = { ...NATURAL, auth: 'internal', bodyBytesMax: BODY_BYTES_MAX } as const;

/** Between our own services only: a signed assertion, never a user's token. */
export const INTERNAL_ROUTES = [
  {
    ...SERVICE_COMMAND,
    name: 'runtime.sync.topics.authorize',
    summary: 'Which of these topics a principal may follow',
    path: '/internal/v1/sync/topics/authorize',
    request: 'openagents.runtime.v1.AuthorizeTopicsRequest',
    response: 'openagents.runtime.v1.AuthorizeTopicsResponse',
    mutates: false,
    idempotency: 'none',
  },
  {
    ...SERVICE_COMMAND,
    name: 'runtime.sync.revoke',
    summary: 'Revoke sessions, devices, users or tokens on every Khala node',
    path: '/internal/v1/sync/sessions/revoke',
    request: 'openagents.runtime.v1.RevokeSyncRequest',
    response: 'openagents.runtime.v1.RevokeSyncResponse',
  },
  {
    ...SERVICE_READ,
    name: 'runtime.internal.artifact.get',
    summary: 'An artifact that a run grants, for the verifier',
    path: '/internal/v1/runs/:run_id/artifacts/:sha256',
    response: 'bytes',
    envelope: 'none',
  },
  {
    ...SERVICE_COMMAND,
    name: 'runtime.internal.artifact.put',
    summary: 'Store an output of the verifier',
    method: 'PUT',
    path: '/internal/v1/runs/:run_id/artifacts/:sha256',
    request: null,
    content: 'bytes',
    response: 'openagents.runtime.v1.PutArtifactResponse',
    status: 201,
    successStatuses: [201, 200],
    bodyBytesMax: ARTIFACT_BYTES_MAX,
    query: {
      kind: {
        kind: 'text',
        description: 'What the artifact is, as harness_output',
        lengthMax: 64,
        pattern: /^[a-z][a-z0-9_]*$/,
        required: true,
      },
    },
  },
  {
    ...SERVICE_READ,
    name: 'runtime.projectors.checkpoints',
    summary: 'How far the read models of a run have followed its log',
    path: '/internal/v1/projectors/checkpoints/:run_id',
    response: 'openagents.runtime.v1.ListProjectionCheckpointsResponse',
  },
  {
    ...SERVICE_READ,
    name: 'runtime.projectors.drift',
    summary:
      'Differences between logs and read models: those there are, then those that were repaired',
    path: '/internal/v1/projectors/drift',
    response: 'openagents.runtime.v1.ListProjectionDriftResponse',
    query: {
      topic: { kind: 'text', description: 'Only of this topic', lengthMax: 128 },
      limit: PAGE.limit,
    },
  },
  {
    ...SERVICE_READ,
    name: 'runtime.projectors.run_summary',
    summary: 'The summary of a run as its projector wrote it',
    path: '/internal/v1/projectors/run-summary/:run_id',
    response: 'openagents.runtime.v1.RunSummaryResponse',
  },
] as const satisfies readonly Route[];
