/** Answers the requests of one app server: questions by whoever decides, anything else by an error. */
import type { ApprovalDesk } from '../../approvals.ts';
import type { EventInput } from '../../spool.ts';
import type { TurnOutcome } from '../driver.ts';
import type { Item } from './protocol.ts';
import { isQuestion, questionOf } from './questions.ts';
import { type RpcAnswer, type RpcId, unknownMethod } from './rpc.ts';

export interface QuestionDeskDeps {
  /** Of the process that asks: its questions are nobody's after it. */
  generation: string;
  workTree: string;
  findItem(itemId: string): Item | undefined;
  ask: ApprovalDesk['ask'];
  emit(event: EventInput): void;
  /** It asks more than a person can answer. */
  onFlood(): void;
}

export interface QuestionDesk {
  answer(method: string, params: unknown, id: RpcId): Promise<RpcAnswer>;
  /** Nobody waits for an answer any more. */
  close(): void;
  readonly flooded: TurnOutcome['failure'];
}

/** Questions of one turn. An agent that asks more has not understood its limits, and people do not read so many. */
export const QUESTIONS_PER_TURN_MAX = 200;

export function createQuestionDesk(deps: QuestionDeskDeps): QuestionDesk {
  const closing = new AbortController();
  let asked = 0;
  let flooded: TurnOutcome['failure'];

  function report(event_type: string, payload: EventInput['payload']): void {
    deps.emit({ event_type, payload, sheddable: false });
  }

  return {
    close: () => closing.abort(),
    get flooded() {
      return flooded;
    },
    async answer(method, params, id) {
      if (!isQuestion(method)) {
        report('agent.unknown_request', { method });
        return unknownMethod(method);
      }
      const question = questionOf(method, params, deps);
      asked += 1;
      if (asked > QUESTIONS_PER_TURN_MAX) {
        flooded ??= {
          code: 'forbidden',
          message: `the agent asked more than ${QUESTIONS_PER_TURN_MAX} times in one turn`,
          retryable: false,
        };
        deps.onFlood();
        return { result: question.refuse() };
      }
      const approvalKey = `${deps.generation}/${id}`;
      try {
        const given = await deps.ask({ ...question.question, approvalKey }, closing.signal);
        return { result: question.answer(given) };
      } catch (error) {
        if (!closing.signal.aborted) {
          const message = `a question could not be asked: ${error instanceof Error ? error.message : String(error)}`;
          report('agent.error', { message, will_retry: false });
        }
        return { result: question.refuse() };
      }
    },
  };
}
