import type { ErrorCode as ErrorText } from './gen/types.ts';

/** Every refusal of the platform: its code, its HTTP status and whether the same request may succeed later. */
export interface ProblemKind {
  status: number;
  title: string;
  retryable: boolean;
}

const again = true;
const final = false;

export const PROBLEMS = {
  invalid_request: kind(422, 'The request is not valid', final),
  invalid_scope: kind(422, 'The scope or topic cannot be granted', final),
  unauthorized: kind(401, 'A valid credential is needed', final),
  forbidden: kind(403, 'This principal may not do that', final),
  not_found: kind(404, 'Nothing is here', final),
  conflict: kind(409, 'The present state does not allow that', final),
  idempotency_conflict: kind(422, 'The key was used with another body', final),
  idempotency_in_progress: kind(409, 'The same request is still under way', again),
  idempotency_key_required: kind(400, 'An Idempotency-Key is needed', final),
  sequence_conflict: kind(409, 'The log has moved on', final),
  run_closed: kind(409, 'The run has ended', final),
  reserved_event_type: kind(422, 'Only the platform writes this event type', final),
  payload_too_large: kind(413, 'The body or payload is too large', final),
  unsupported_media_type: kind(415, 'The content type is not supported', final),
  rate_limited: kind(429, 'Too many requests', again),
  hash_mismatch: kind(422, 'The bytes do not match their hash', final),
  stale_cursor: kind(410, 'The cursor cannot be resumed', final),
  worker_unavailable: kind(503, 'No worker can take this', again),
  unsupported_method: kind(422, 'The method is not supported', final),
  timeout: kind(504, 'No answer in time', again),
  policy_denied: kind(403, 'The policy in force does not allow that', final),
  reauth_required: kind(401, 'The session must be renewed', final),
  session_expired: kind(401, 'The session has expired', final),
  session_revoked: kind(401, 'The session was revoked', final),
  invalid_client_build: kind(426, 'The client does not name its build', final),
  unsupported_protocol_version: kind(426, 'The protocol version is not served', final),
  unsupported_schema_version: kind(426, 'The schema version is not served', final),
  upgrade_required: kind(426, 'The client is too old', final),
  unsupported_client_build: kind(426, 'The client is too new', final),
  service_unavailable: kind(503, 'The service cannot answer now', again),
  internal_error: kind(500, 'Something went wrong on our side', again),
  method_not_allowed: kind(405, 'The path does not know this method', final),
  not_ready: kind(409, 'This does not exist yet', again),
  approval_not_pending: kind(409, 'The approval does not wait for an answer', final),
  limit_exceeded: kind(409, 'A limit of the run is reached', final),
} as const satisfies Record<Exclude<ErrorText, ''>, ProblemKind>;

export type ErrorCode = keyof typeof PROBLEMS;

function kind(status: number, title: string, retryable: boolean): ProblemKind {
  return { status, title, retryable };
}

/** Status, title and retryability of a code. */
export function problemStatus(code: ErrorCode): ProblemKind {
  return PROBLEMS[code];
}

export function isErrorCode(text: string): text is ErrorCode {
  return Object.hasOwn(PROBLEMS, text);
}

/** One fault of a request: the JSON path and why. */
export interface FieldFault {
  path: string;
  reason: string;
}

export interface ProblemOptions {
  faults?: readonly FieldFault[];
  retryAfterMs?: number;
  /** The head of the log or topic, where the code is `sequence_conflict`. */
  currentSeq?: bigint;
  cause?: unknown;
}

/** A refusal that any layer may throw and only the edge translates: to problem+json, or to a workflow failure. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly detail: string;
  readonly faults: readonly FieldFault[];
  readonly retryAfterMs: number | undefined;
  readonly currentSeq: bigint | undefined;

  constructor(code: ErrorCode, detail: string, options: ProblemOptions = {}) {
    super(`${code}: ${detail}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = PROBLEMS[code].status;
    this.retryable = PROBLEMS[code].retryable;
    this.detail = detail;
    this.faults = options.faults ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.currentSeq = options.currentSeq;
  }
}
