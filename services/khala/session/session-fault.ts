import type { SyncErrorCode } from '#proto/gen/types.ts';
import { CLOSE_ACTION_OF_ERROR, type CloseAction } from '#proto/khala-close.ts';

export type ErrorText = Exclude<SyncErrorCode, ''>;

/** Ends a connection: an ERROR frame with `code`, then the close code of `action`. */
export class SessionFault extends Error {
  override readonly name = 'SessionFault';
  readonly code: ErrorText;
  readonly action: CloseAction;
  readonly retryAfterMs: number;
  /** The finer reason for audit and metrics; a closed set per code, never a caller's text. */
  readonly reason: string;

  constructor(
    code: ErrorText,
    reason: string,
    options: { action?: CloseAction; retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(reason.replaceAll('_', ' '), { cause: options.cause });
    this.code = code;
    this.reason = reason;
    this.action = options.action ?? CLOSE_ACTION_OF_ERROR[code];
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }

  /** Somebody was refused, which the audit keeps; the end of a token's life is none of that. */
  get ofCredentials(): boolean {
    if (this.code === 'reauth_required') return this.reason !== 'token_expired';
    return this.code === 'unauthorized';
  }
}
