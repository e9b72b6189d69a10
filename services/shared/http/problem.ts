import type { Logger } from 'pino';
import { CanonicalError } from '#proto/canonical.ts';
import { ProblemError, problemStatus } from '#proto/errors.ts';
import { InvalidIdError } from '#proto/ids.ts';
import { ArtifactHashMismatch, ArtifactTooLarge } from '../artifact-store.ts';
import { UpgradeNeeded, windowHeaders } from './compatibility.ts';

/** Where a code is explained; the part after `#` is the code. */
const TYPE_BASE = 'https://openagents.com/problems#';

/** The one place where an error becomes an HTTP answer (RFC 9457). */
export function problemResponse(error: unknown, requestId: string, logger: Logger): Response {
  const problem = asProblem(error);
  if (problem.code === 'internal_error') {
    logger.error({ err: error, request_id: requestId }, 'unexpected failure');
  } else if (problem.status >= 500) {
    logger.warn({ err: error, request_id: requestId, code: problem.code }, 'not served');
  }
  const { status, title, retryable } = problemStatus(problem.code);
  const document = {
    type: `${TYPE_BASE}${problem.code}`,
    title,
    status,
    detail: problem.detail,
    code: problem.code,
    retryable,
    request_id: requestId,
    errors: problem.faults,
    ...(problem.retryAfterMs !== undefined && { retry_after_ms: String(problem.retryAfterMs) }),
    ...(problem.currentSeq !== undefined && { current_seq: String(problem.currentSeq) }),
  };
  const headers = new Headers({ 'content-type': 'application/problem+json' });
  if (problem.retryAfterMs !== undefined) {
    headers.set('retry-after', String(Math.ceil(problem.retryAfterMs / 1000)));
  }
  if (problem instanceof UpgradeNeeded) {
    for (const [name, value] of windowHeaders(problem)) headers.set(name, value);
  }
  return new Response(JSON.stringify(document), { status, headers });
}

/** The code an error will be answered with, for metrics. */
export function problemCode(error: unknown): string {
  return asProblem(error).code;
}

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof ArtifactTooLarge)
    return new ProblemError('payload_too_large', error.message);
  if (error instanceof ArtifactHashMismatch)
    return new ProblemError('hash_mismatch', error.message);
  if (error instanceof InvalidIdError) return new ProblemError('not_found', 'Nothing is here.');
  if (error instanceof CanonicalError) {
    const { path, reason } = error;
    return new ProblemError('invalid_request', 'The body has no canonical form.', {
      faults: [{ path, reason }],
    });
  }
  if (isDatabaseAway(error)) {
    return new ProblemError('service_unavailable', 'The database cannot be reached now.', {
      retryAfterMs: DATABASE_RETRY_AFTER_MS,
      cause: error,
    });
  }
  if (isDiskFull(error)) {
    return new ProblemError('service_unavailable', 'The service has no room on its disk now.', {
      retryAfterMs: DISK_RETRY_AFTER_MS,
      cause: error,
    });
  }
  return new ProblemError('internal_error', 'Something went wrong on our side.', { cause: error });
}

/** Somebody has to make room; a caller that waits so long notices it soon enough. */
const DISK_RETRY_AFTER_MS = 5_000;

/** Of the system, and of Postgres (disk_full). */
const DISK_FULL_CODES: readonly unknown[] = ['ENOSPC', 'EDQUOT', '53100'];

function isDiskFull(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DISK_FULL_CODES.includes(error.code);
}

/** A restart or a failover takes seconds; clients add their own jitter. */
const DATABASE_RETRY_AFTER_MS = 1_000;

/** Of postgres.js, of the system, and of Postgres itself (shutting down, starting, no connections left or allowed). */
const DATABASE_AWAY_CODES: readonly unknown[] = [
  'CONNECTION_CLOSED',
  'CONNECTION_DESTROYED',
  'CONNECT_TIMEOUT',
  'ECONNREFUSED',
  'ECONNRESET',
  '57P01',
  '57P02',
  '57P03',
  '53300',
  '55000',
];

function isDatabaseAway(error: unknown): boolean {
  return error instanceof Error && 'code' in error && DATABASE_AWAY_CODES.includes(error.code);
}
