/**
 * The questions of this host's agents that wait for an answer.
 *
 * 1. A question is posted under a key of its own until the platform has it, so that a lost answer does not ask twice.
 * 2. Whoever waits is registered before the question leaves: an answer may come before the post returns.
 */
import type { JsonObject } from '#proto/gen/types.ts';
import type { ApprovalAnswer, ApprovalDesk, ApprovalQuestion, ApprovalScope } from './approvals.ts';

/** What the platform says to a question. */
export interface PostedApproval {
  state: 'requested' | 'approved' | 'denied';
  scope: ApprovalScope;
  reason: string;
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
      const { state, scope, reason } = await post({ ...turn, question }, signal);
      if (state === 'approved') resolve({ decision: 'approve', scope, reason });
      if (state === 'denied') resolve({ decision: 'deny', scope, reason });
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
        keyOf(textOf(params, 'request_id'), textOf(params, 'approval_key')),
      );
      answer?.({
        decision: params['decision'] === 'approve' ? 'approve' : 'deny',
        scope: scopeOf(params['scope']),
        reason: textOf(params, 'reason'),
      });
      return answer !== undefined;
    },
  };
}

export function scopeOf(value: unknown): ApprovalScope {
  return value === 'run' || value === 'session' ? value : 'once';
}

function textOf(params: JsonObject, name: string): string {
  const value = params[name];
  return typeof value === 'string' ? value : '';
}
