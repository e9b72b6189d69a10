import type { TerminalReceipt } from './request-journal.ts';

/** The closed list that the runtime takes from a host. */
export type WorkerErrorCode =
  | 'forbidden'
  | 'invalid_request'
  | 'unsupported_method'
  | 'conflict'
  | 'worker_unavailable'
  | 'timeout'
  | 'internal_error';

/** The runtime refuses longer ones. */
const MESSAGE_CHARACTERS_MAX = 2_000;

export function workerError(
  request: { requestId: string; method: string },
  code: WorkerErrorCode,
  message: string,
  retryable: boolean,
): TerminalReceipt {
  return {
    event_type: 'worker.error',
    payload: {
      request_id: request.requestId,
      method: request.method,
      ok: false,
      code,
      message: message.slice(0, MESSAGE_CHARACTERS_MAX).toWellFormed(),
      retryable,
    },
  };
}
