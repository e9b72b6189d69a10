import { Readable } from 'node:stream';
import { findGrantedArtifact, grantArtifact, grantedBytes } from '#db/runtime/artifacts.ts';
import { readRun } from '#db/runtime/runs.ts';
import type { Tx } from '#db/transaction.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RunId } from '#proto/ids.ts';
import { ARTIFACT_BYTES_MAX } from '#proto/limits.ts';
import { isSha256, type Sha256 } from '#proto/sha256.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { ApiRequest } from '../../shared/http/handler.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { heldRun, readableRun, runIdOf, runNotFound } from './run-access.ts';

/** All that one run may keep: a few large repository bundles and the outputs of its turns. */
const RUN_ARTIFACT_BYTES_MAX = 4n * BigInt(ARTIFACT_BYTES_MAX);

export function getRunArtifact(deps: RuntimeDeps): RuntimeHandler<'runtime.run.artifact.get'> {
  return async function getRunArtifact({ params, caller, headers }) {
    const { run_id } = await readableRun(deps.sql, caller, runIdOf(params));
    const sha256 = hashOf(params);
    const artifact = await sendArtifact(deps, run_id, sha256);
    if (headers.get('if-none-match') !== artifact.headers.get('etag')) return artifact;
    await artifact.body?.cancel();
    return new Response(null, { status: 304, headers: artifact.headers });
  };
}

export function putRunArtifact(deps: RuntimeDeps): RuntimeHandler<'runtime.run.artifact.put'> {
  return async function putRunArtifact(request) {
    const run = await heldRun(deps.sql, requirePerson(request.caller), runIdOf(request.params));
    if (isTerminalStatus(run.status)) throw new ProblemError('run_closed', 'The run has ended.');
    return storeArtifact(deps, run.run_id, request);
  };
}

/** For the verifier, which fetches what it judges by assertion. */
export function getArtifactInternally(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.internal.artifact.get'> {
  return async function getArtifactInternally({ params }) {
    return sendArtifact(deps, runIdOf(params), hashOf(params));
  };
}

export function putArtifactInternally(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.internal.artifact.put'> {
  return async function putArtifactInternally(request) {
    const run = await readRun(deps.sql, runIdOf(request.params));
    if (!run) throw runNotFound();
    return storeArtifact(deps, run.run_id, request);
  };
}

function hashOf(params: Readonly<Record<string, string>>): Sha256 {
  const { sha256 } = params;
  if (isSha256(sha256)) return sha256;
  throw artifactNotFound();
}

function artifactNotFound(): ProblemError {
  return new ProblemError('not_found', 'No such artifact.');
}

/** The bytes of an artifact that the run grants. Named by content, they may be cached by whoever may read them. */
export function sendArtifact(
  deps: RuntimeDeps,
  run_id: RunId,
  sha256: Sha256,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return deps.tracing.span('runtime.stream', {}, () => openArtifact(deps, run_id, sha256, headers));
}

async function openArtifact(
  { sql, artifacts, metrics }: RuntimeDeps,
  run_id: RunId,
  sha256: Sha256,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  const granted = await findGrantedArtifact(sql, { run_id, sha256 });
  const stored = granted && (await artifacts.get(sha256));
  if (!stored) throw artifactNotFound();
  metrics.artifact_bytes_total.record(stored.bytes, { direction: 'sent' });
  // Node's web streams and the fetch types differ only in name.
  return new Response(Readable.toWeb(stored.stream) as ReadableStream, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(stored.bytes),
      'cache-control': 'private, max-age=31536000, immutable',
      etag: `"${sha256}"`,
      ...headers,
    },
  });
}

async function storeArtifact(
  { sql, artifacts, metrics }: RuntimeDeps,
  run_id: RunId,
  { params, query, content, command }: ApiRequest<undefined, Tx>,
) {
  const expected = params['sha256'];
  if (!isSha256(expected)) {
    const reason = 'must be "sha256:" and 64 lowercase hex digits';
    throw new ProblemError('invalid_request', `The name of the artifact ${reason}.`, {
      faults: [{ path: 'path.sha256', reason }],
    });
  }
  const kind = query.text('kind') ?? '';
  if ((await grantedBytes(sql, run_id)) > RUN_ARTIFACT_BYTES_MAX) {
    throw new ProblemError(
      'payload_too_large',
      `A run keeps ${RUN_ARTIFACT_BYTES_MAX} bytes at most.`,
    );
  }
  const known = await findGrantedArtifact(sql, { run_id, sha256: expected });
  const { bytes } = await artifacts.put(content, { bytesMax: ARTIFACT_BYTES_MAX, expected });
  metrics.artifact_bytes_total.record(bytes, { direction: 'stored' });
  return transaction(sql, async (tx) => {
    await grantArtifact(tx, { run_id, sha256: expected, bytes, kind });
    return command.complete(tx, {
      status: known ? 200 : 201,
      data: { artifact: { kind, sha256: expected, bytes: String(bytes), uri: '' } },
    });
  });
}
