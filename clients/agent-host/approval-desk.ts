/**
 * The questions of this host's agents that wait for an answer.
 *
 * 1. A question is posted under a key of its own until the platform has it, so that a lost answer does not ask twice.
 * 2. Whoever waits is registered before the question leaves: an answer may come before the post returns.
 */
import type { JsonObject } from '#proto/gen/types.ts';
import type { ApprovalAnswer, ApprovalDesk, ApprovalQuestion } from './approvals.ts';
import { textField } from './request-message.ts';

/** What the platform says to a question: an answer at once, or that the answer comes as a request. */
export interface PostedApproval extends ApprovalAnswer {
  waits: boolean;
}

export interface ApprovalPost {
  runId: string;
  requestId: string;
  question: ApprovalQuestion;
}

export interface ApprovalDesks {
  /** The desk of one turn. */
  of(turn: { runId: string; requestId: string }): ApprovalDesk;
  /** The parameters of an `approval/resolve`; false where nobody here waits for it. */
  resolve(params: JsonObject): boolean;
}

export function createApprovalDesks(
  post: (post: ApprovalPost, signal: AbortSignal) => Promise<PostedApproval>,
): ApprovalDesks {
  const waiting = new Map<string, (answer: ApprovalAnswer) => void>();
  const keyOf = (requestId: string, approvalKey: string) => `${requestId}:${approvalKey}`;

  async function ask(
    turn: { runId: string; requestId: string },
    question: ApprovalQuestion,
    signal: AbortSignal,
  ): Promise<ApprovalAnswer> {
    signal.throwIfAborted();
    const key = keyOf(turn.requestId, question.approvalKey);
    const { promise, resolve, reject } = Promise.withResolvers<ApprovalAnswer>();
    const onAbort = () => reject(signal.reason);
    waiting.set(key, resolve);
    signal.addEventListener('abort', onAbort, { once: true });
    promise.catch(() => undefined);
    try {
      const { waits, ...answer } = await post({ ...turn, question }, signal);
      if (!waits) resolve(answer);
      return await promise;
    } finally {
      waiting.delete(key);
      signal.removeEventListener('abort', onAbort);
    }
  }

  return {
    of: (turn) => ({ ask: (question, signal) => ask(turn, question, signal) }),
    resolve(params) {
      const answer = waiting.get(
        keyOf(textField(params, 'request_id'), textField(params, 'approval_key')),
      );
      answer?.(answerOf(params));
      return answer !== undefined;
    },
  };
}

/** Whatever is not said to be approved is denied. */
export function answerOf(said: {
  decision?: unknown;
  scope?: unknown;
  reason?: unknown;
}): ApprovalAnswer {
  const { decision, scope, reason } = said;
  return {
    decision: decision === 'approve' ? 'approve' : 'deny',
    scope: scope === 'run' || scope === 'session' ? scope : 'once',
    reason: typeof reason === 'string' ? reason : '',
  };
}
