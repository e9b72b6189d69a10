/** The run's artifacts, over the runtime's internal route: the verifier has no database and no store of its own. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { ARTIFACT_BYTES_MAX } from '#proto/limits.ts';
import {
  bodySha256,
  INTERNAL_ASSERTION_HEADER,
  type SignAssertion,
} from '#services/shared/internal-assertion.ts';
import { patiently, SilentLineError, type Watched, withoutSilence } from './patience.ts';

export interface RunArtifacts {
  /** Writes the artifact to a file of the host; what arrives has the hash that was asked for. */
  fetch(runId: string, ref: ArtifactRef, file: string, signal: AbortSignal): Promise<void>;
  store(
    runId: string,
    kind: string,
    bytes: Uint8Array,
    sha256: string,
    signal: AbortSignal,
  ): Promise<ArtifactRef>;
}

/** How much of a refusal is quoted. */
const PROBLEM_CHARACTERS_MAX = 300;

/** The runtime gave other bytes than the hash names, or more than it said. */
export class ArtifactMismatchError extends Error {
  override readonly name = 'ArtifactMismatchError';
}

export class ArtifactTransferError extends Error {
  override readonly name = 'ArtifactTransferError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const TOO_MANY_REQUESTS = 429;
const SERVER_ERROR = 500;

/** A runtime that is away, or says that it is, comes back; `fetch` calls every fault of the line a TypeError. */
function isPassing(error: unknown): boolean {
  if (error instanceof ArtifactTransferError) {
    return error.status === TOO_MANY_REQUESTS || error.status >= SERVER_ERROR;
  }
  return error instanceof TypeError || error instanceof SilentLineError;
}

export function createRunArtifacts(deps: {
  runtimeUrl: string;
  sign: SignAssertion;
}): RunArtifacts {
  const { runtimeUrl, sign } = deps;

  async function request(
    method: string,
    target: string,
    body: Uint8Array | null,
    signal: AbortSignal,
  ) {
    const assertion = await sign('runtime', { method, target, bodySha256: bodySha256(body ?? '') });
    const response = await fetch(new URL(target, runtimeUrl), {
      method,
      signal,
      redirect: 'error',
      headers: {
        [INTERNAL_ASSERTION_HEADER]: assertion,
        ...(body && { 'content-type': 'application/octet-stream' }),
      },
      ...(body && { body: new Uint8Array(body) }),
    });
    if (response.ok) return response;
    const problem = (await response.text()).slice(0, PROBLEM_CHARACTERS_MAX);
    throw new ArtifactTransferError(
      `${method} ${target} answered ${response.status}: ${problem}`,
      response.status,
    );
  }

  async function download(runId: string, sha256: string, file: string, watched: Watched) {
    const { body } = await request('GET', pathOf(runId, sha256), null, watched.signal);
    const hash = createHash('sha256');
    let bytes = 0;
    await pipeline(
      Readable.from(body ?? []),
      async function* check(chunks: AsyncIterable<Uint8Array>) {
        for await (const chunk of chunks) {
          watched.heard();
          bytes += chunk.length;
          if (bytes > ARTIFACT_BYTES_MAX)
            throw new ArtifactMismatchError(`${sha256} is larger than ${ARTIFACT_BYTES_MAX} bytes`);
          hash.update(chunk);
          yield chunk;
        }
      },
      createWriteStream(file, { mode: 0o644 }),
      { signal: watched.signal },
    );
    const actual = `sha256:${hash.digest('hex')}`;
    if (actual !== sha256) throw new ArtifactMismatchError(`${sha256} arrived as ${actual}`);
  }

  return {
    fetch: (runId, { sha256 }, file, signal) =>
      patiently(
        () => withoutSilence(signal, (watched) => download(runId, sha256, file, watched)),
        isPassing,
        signal,
      ),
    async store(runId, kind, bytes, sha256, signal) {
      const target = `${pathOf(runId, sha256)}?kind=${encodeURIComponent(kind)}`;
      await patiently(
        () => withoutSilence(signal, (watched) => request('PUT', target, bytes, watched.signal)),
        isPassing,
        signal,
      );
      return { kind, sha256, bytes: String(bytes.length), uri: '' };
    },
  };
}

function pathOf(runId: string, sha256: string): string {
  return `/internal/v1/runs/${encodeURIComponent(runId)}/artifacts/${sha256}`;
}
