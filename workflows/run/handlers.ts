/** What a run answers to. Registered before the run takes its first step, so that no message finds it deaf. */
import { condition, proxyActivities, setHandler } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { refuse } from '../shared/failures.ts';
import { summaryOf } from '../shared/summary.ts';
import { askForAgent, assertMayAsk, supersedeOrphaned } from './agent-approvals.ts';
import { answerApproval, assertPending } from './approval-answers.ts';
import { move, type RunContext, viewOf, withoutLease } from './context.ts';
import { assertInterruptible, assertMaySpeak, interruptTurn, takeMessage } from './conversation.ts';
import {
  approvalsOrphanedSignal,
  type CancelRunArgs,
  type CancelRunResult,
  type CreateRunResult,
  cancelRunUpdate,
  createRunUpdate,
  frameSignal,
  interruptTurnUpdate,
  loopDetectedSignal,
  postMessageUpdate,
  requestApprovalUpdate,
  resolveApprovalUpdate,
  runStateQuery,
  workerAvailableSignal,
  workerLostSignal,
  workerReceiptSignal,
} from './messages.ts';
import type { CancelRequestedInput, RecordedStep, RunActivities } from './ports.ts';
import { answerOnce } from './processed.ts';
import { advance, IllegalRunTransitionError, type RunState } from './state.ts';

const activities = proxyActivities<RunActivities>(RECORD);

/** Kept until their turn asks for them; a run has one turn under way, so more than a few are noise. */
const RECEIPTS_MAX = 16;

export function answerMessages(context: RunContext): void {
  setHandler(createRunUpdate, () => answerCreate(context), {
    description: 'Answers with the position of run.created once it is committed',
  });
  answerOnce(context, cancelRunUpdate, {
    description: 'Cancels the run; durable when it returns',
    validate: () => assertCancelable(context.state),
    answer: (args) => answerCancel(context, args),
  });
  answerOnce(context, resolveApprovalUpdate, {
    description: 'Approves or denies what the run waits for',
    validate: ({ approval_id }) => void assertPending(context, approval_id),
    answer: (args) => answerApproval(context, args),
  });
  answerOnce(context, requestApprovalUpdate, {
    description: 'Asks on behalf of the agent whose turn is under way',
    validate: (args) => assertMayAsk(context, args),
    answer: (args) => askForAgent(context, args),
  });
  answerOnce(context, postMessageUpdate, {
    description: 'Says something into the turn under way, or for the next one',
    validate: (args) => assertMaySpeak(context, args),
    answer: (args) => takeMessage(context, args),
  });
  answerOnce(context, interruptTurnUpdate, {
    description: 'Asks the worker to stop the turn under way',
    validate: () => void assertInterruptible(context),
    answer: (args) => interruptTurn(context, args),
  });
  setHandler(workerReceiptSignal, (receipt) => {
    const { receipts } = context;
    // A request has one receipt: the first, also where both arrive before anybody looks.
    if (receipts[receipt.request_id] || Object.keys(receipts).length >= RECEIPTS_MAX) return;
    receipts[receipt.request_id] = receipt;
  });
  setHandler(workerLostSignal, (lost) => {
    context.lost = lost;
  });
  setHandler(approvalsOrphanedSignal, (orphaned) => supersedeOrphaned(context, orphaned));
  setHandler(loopDetectedSignal, (finding) => {
    // Of a turn that is over nothing turns any more.
    if (context.openTurn) context.loop ??= finding;
  });
  setHandler(workerAvailableSignal, () => {
    context.workersSeen += 1;
  });
  // No build sends it any more: a frame stands in the log. Runs that were told of one by an earlier build replay it.
  setHandler(frameSignal, () => {});
  setHandler(runStateQuery, () => viewOf(context));
}

async function answerCreate(context: RunContext): Promise<CreateRunResult> {
  await condition(() => context.created !== null || context.creationFailure !== null);
  if (!context.created) throw context.creationFailure;
  const { topic, seq, positions } = context.created;
  return { run_id: context.input.run_id, topic, seq, positions };
}

async function answerCancel(context: RunContext, args: CancelRunArgs): Promise<CancelRunResult> {
  const { positions } = await requestCancel(context, args);
  return { run_id: context.input.run_id, status: context.state.status, positions };
}

/** Durable when it resolves; the main flow finds itself stopped. */
export function requestCancel(
  context: RunContext,
  args: Pick<CancelRequestedInput, 'reason' | 'requested_by' | 'command'>,
): Promise<RecordedStep> {
  return context.exclusive(async () => {
    assertCancelable(context.state);
    const { openTurn } = context;
    const recorded = await activities.recordCancelRequested.executeWithOptions(
      { summary: summaryOf(`Record that ${args.requested_by} cancelled the run`) },
      [
        {
          run_id: context.input.run_id,
          reason: args.reason,
          requested_by: args.requested_by,
          command: args.command,
          open_turn: openTurn && withoutLease(openTurn),
        },
      ],
    );
    context.cancelReason ||= args.reason || `canceled by ${args.requested_by}`;
    move(context, { kind: 'request_cancel' });
    return recorded;
  });
}

function assertCancelable(state: RunState): void {
  try {
    advance(state, { kind: 'request_cancel' });
  } catch (error) {
    if (!(error instanceof IllegalRunTransitionError)) throw error;
    throw refuse('illegalTransition', error.message);
  }
}
