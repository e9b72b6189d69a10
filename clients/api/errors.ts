import { type ErrorCode, type FieldFault, isErrorCode, problemStatus } from '#proto/errors.ts';

/** Closed: every caller can decide on it, and every failure of a call is exactly one of these. */
export const API_ERROR_KINDS = [
  'MissingCredential',
  'Unauthorized',
  'Forbidden',
  'Validation',
  'ServiceUnavailable',
  'RateLimited',
  'Network',
  'Decode',
  'Unsupported',
  'Unknown',
] as const;
export type ApiErrorKind = (typeof API_ERROR_KINDS)[number];

export interface ApiErrorDetails {
  /** The problem's code, where a problem document came. */
  code?: ErrorCode | '';
  /** HTTP status; 0 where no answer came. */
  status?: number;
  faults?: readonly FieldFault[];
  requestId?: string;
  retryAfterMs?: number;
  currentSeq?: bigint;
  cause?: unknown;
}

export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly kind: ApiErrorKind;
  readonly code: ErrorCode | '';
  readonly status: number;
  readonly faults: readonly FieldFault[];
  readonly requestId: string;
  readonly retryAfterMs: number | undefined;
  readonly currentSeq: bigint | undefined;

  constructor(kind: ApiErrorKind, message: string, details: ApiErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.code = details.code ?? '';
    this.status = details.status ?? 0;
    this.faults = details.faults ?? [];
    this.requestId = details.requestId ?? '';
    this.retryAfterMs = details.retryAfterMs;
    this.currentSeq = details.currentSeq;
  }

  /** Whether the same call, under the same idempotency key, may succeed later. */
  get retryable(): boolean {
    return (
      RETRYABLE_KINDS.has(this.kind) ||
      this.code === 'idempotency_in_progress' ||
      this.code === 'not_ready'
    );
  }
}

const RETRYABLE_KINDS: ReadonlySet<ApiErrorKind> = new Set([
  'Network',
  'ServiceUnavailable',
  'RateLimited',
]);

/** The kind of an answer that is not a success. 404, 409, 410 and 413 are facts about the request: Validation. */
export function kindOfStatus(status: number): ApiErrorKind {
  if (status === 401) return 'Unauthorized';
  if (status === 403) return 'Forbidden';
  if (status === 405 || status === 415 || status === 426 || status === 501) return 'Unsupported';
  if (status === 429) return 'RateLimited';
  if (status >= 500) return 'ServiceUnavailable';
  if (status >= 400) return 'Validation';
  return 'Unknown';
}

/** One part of a request that was refused, while others of it were taken. */
export function refusal(code: string, detail: string, retryAfterMs: number): ApiError {
  if (!isErrorCode(code)) return new ApiError('Decode', `${code} is no known refusal`);
  const { status } = problemStatus(code);
  return new ApiError(kindOfStatus(status), detail, { code, status, retryAfterMs });
}

/** Faults of a message in one line. */
export function reasons(faults: readonly { path: string; reason: string }[]): string {
  return faults.map(({ path, reason }) => `${path} ${reason}`).join('; ');
}
