/** What fails in a workflow, in words an operator can act on. */
import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';

/** Types that a client of a workflow can meet; closed, like the codes of HTTP. */
export const FAILURE_TYPES = {
  /** The run's state does not allow it: 409 `conflict`. */
  illegalTransition: 'IllegalRunTransition',
  /** No such approval, or it was answered before: 404 or 409. */
  approvalNotPending: 'ApprovalNotPending',
  /** The run asks, holds or takes no more of it: 409 `limit_exceeded`. */
  limitExceeded: 'LimitExceeded',
  /** The run has ended, or is ending: 409 `run_closed`. */
  runClosed: 'RunClosed',
  /** The start input is larger than a history should hold. */
  inputTooLarge: 'InputTooLarge',
  /** The run is between two histories: the same message again, in a moment. */
  historyEnding: 'HistoryEnding',
} as const;

const MESSAGE_CHARACTERS_MAX = 500;

/** The innermost cause, since "Activity task failed" helps nobody. */
export function rootCause(error: unknown): unknown {
  let cause = error;
  while (
    (cause instanceof ActivityFailure || cause instanceof ChildWorkflowFailure) &&
    cause.cause !== undefined
  ) {
    cause = cause.cause;
  }
  return cause;
}

export function rootMessage(error: unknown): string {
  const cause = rootCause(error);
  const message = cause instanceof Error ? cause.message : String(cause);
  return message.slice(0, MESSAGE_CHARACTERS_MAX);
}

export function refuse(type: keyof typeof FAILURE_TYPES, message: string): ApplicationFailure {
  return ApplicationFailure.nonRetryable(message, FAILURE_TYPES[type]);
}
