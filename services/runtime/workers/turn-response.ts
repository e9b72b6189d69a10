import { z } from 'zod';
import { type FieldFault, ProblemError } from '#proto/errors.ts';
import type { TurnResponse } from '#workflows/run/messages.ts';

const artifactSchema = z.object({
  kind: z.string().max(64).default(''),
  sha256: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  bytes: z.union([
    z.string().regex(/^\d{1,19}$/),
    z.number().int().nonnegative().transform(String),
  ]),
  uri: z.string().max(1024).default(''),
});

const gitObjectId = z.string().regex(/^([0-9a-f]{40}|[0-9a-f]{64})?$/, 'must be a git object id');
const TEXT_LENGTH_MAX = 255;
const SUSPECTED_SECRETS_MAX = 256;
const AGENT_THREAD_ID_LENGTH_MAX = 160;

/** A host is not ours: what it answers steers the run, so it is read as strictly as any request. */
const turnResponseSchema = z.object({
  status: z.enum(['completed', 'interrupted', 'failed']),
  exit_code: z.number().int().min(-255).max(255),
  base_commit: gitObjectId.default(''),
  base_tree: gitObjectId.default(''),
  patch: artifactSchema.nullable().default(null),
  repo_bundle: artifactSchema.nullable().default(null),
  files_changed: z.number().int().nonnegative().default(0),
  output: artifactSchema.nullable().default(null),
  reason: z.string().max(TEXT_LENGTH_MAX).optional(),
  suspected_secrets: z.array(z.string()).max(SUSPECTED_SECRETS_MAX).optional(),
  agent_thread_id: z.string().max(AGENT_THREAD_ID_LENGTH_MAX).optional(),
});

/** The answer to `turn/start`. @throws ProblemError invalid_request with a path below `path` for each fault */
export function readTurnResponse(value: unknown, path: string): TurnResponse {
  const result = turnResponseSchema.safeParse(value);
  if (result.success) return result.data;
  const faults: FieldFault[] = result.error.issues.map((issue) => ({
    path: [path, ...issue.path].join('.'),
    reason: issue.message,
  }));
  throw new ProblemError('invalid_request', 'This is no answer to turn/start.', { faults });
}
