/** One turn: offered to a worker, followed to its receipt, taken up again when the worker is lost. */
import { proxyActivities } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { summaryOf } from '../shared/summary.ts';
import {
  decideFor,
  type LeasedTurn,
  move,
  type RunContext,
  showDetails,
  step,
  until,
  waitFor,
  withoutLease,
} from './context.ts';
import { untilOrContinued } from './continue.ts';
import { closeTurn, tellTurn } from './conversation.ts';
import { type Ending, failed, RunEnded } from './ending.ts';
import { STOPPED_WITHOUT_ANSWER, type TurnResponse, type WorkerReceipt } from './messages.ts';
import type { RunActivities, TurnEnd } from './ports.ts';
import type { TerminalReasonClass } from './state.ts';

const activities = proxyActivities<RunActivities>(RECORD);

/**
 * The answer of the worker that completed the turn.
 * @throws RunEnded where the agent failed for good or its executors are exhausted; RunStopped
 */
export async function takeTurn(context: RunContext): Promise<TurnResponse> {
  if (!context.turnBegun) {
    context.turn += 1;
    context.turnBegun = true;
  }
  assertExecutorsLeft(context);
  for (;;) {
    const turn = context.openTurn ?? (await offerTurn(context));
    const receipt = await awaitReceipt(context, turn);
    // Whoever stopped the turn may still be recording that they did, and their word decides what it came to.
    if (receipt?.ok && receipt.response.status === 'interrupted')
      await step(context, async () => {});
    context.openTurn = null;
    context.waitingFor = '';
    if (receipt) context.turnEnd = endOf(turn, receipt);
    const response = resultOf(receipt, context.interruptedRequest === turn.request_id);
    if (response) {
      context.turnBegun = false;
      context.response = response;
      await closeTurn(context, turn, { lost: false, reason: `turn ${turn.turn} has ended` });
      return response;
    }
    if (receipt && !isWorthRetrying(receipt)) throw new RunEnded(failureOf(receipt));
    if (receipt) await loseExecutor(context, turn, receiptReason(receipt), context.turnEnd);
    await closeTurn(context, turn, { lost: true, reason: `${turn.worker_id} was lost` });
    await recover(context);
  }
}

/** What the turn came to; null where it failed, or has to be taken up again. */
function resultOf(receipt: WorkerReceipt | null, isInterrupted: boolean): TurnResponse | null {
  if (receipt?.ok && (isInterrupted || receipt.response.status !== 'interrupted')) {
    return receipt.response;
  }
  const isLost = receipt === null || isWorthRetrying(receipt);
  return isInterrupted && isLost ? STOPPED_WITHOUT_ANSWER : null;
}

/** Until a worker takes it; a run without a worker waits, and says for which. */
async function offerTurn(context: RunContext): Promise<LeasedTurn> {
  const { turn, feedback, recoveries: recovery, limits, timings } = context;
  // Whatever came before answers requests that have ended.
  context.receipts = {};
  const decision = decideFor(context, { point: 'dispatch', turn, turns_max: limits.turns_max });
  if (decision.decision !== 'allow') {
    context.decisions.push(decision);
    throw new RunEnded(failed('policy_denied', decision.explanation));
  }
  let waitMs = timings.worker_poll_ms;
  for (;;) {
    const seen = context.workersSeen;
    const outcome = await step(context, async () => {
      const message_ids = tellTurn(context);
      const offered = await activities.dispatchTurn.executeWithOptions(
        {
          summary: summaryOf(
            `Offer turn ${turn} to a worker${recovery ? ` (recovery ${recovery})` : ''}`,
          ),
        },
        [
          {
            run_id: context.input.run_id,
            turn,
            recovery,
            feedback,
            decision,
            deadline_at_ms: context.deadlineMs,
            previous_turn: context.turnEnd,
            ...(message_ids.length > 0 && { message_ids }),
          },
        ],
      );
      if (offered.kind === 'dispatched') {
        const { worker_id, request_id, lease_epoch } = offered;
        context.openTurn = { turn, worker_id, request_id, lease_epoch };
        context.turnEnd = null;
        move(context, { kind: 'start' }, { kind: 'enter_phase', phase: 'executing' });
        return context.openTurn;
      }
      move(context, { kind: 'enter_phase', phase: 'dispatching' });
      waitFor(context, `a worker: ${offered.waiting_for}`);
      return null;
    });
    if (outcome) return outcome;
    await untilOrContinued(context, () => context.workersSeen !== seen, {
      timeoutMs: waitMs,
      summary: 'No worker is free; looks again then',
    });
    waitMs = Math.min(waitMs * 2, timings.worker_poll_max_ms);
  }
}

/** The receipt, or null where the worker was lost before it gave one. */
async function awaitReceipt(context: RunContext, turn: LeasedTurn): Promise<WorkerReceipt | null> {
  const { worker_id, request_id } = turn;
  waitFor(context, `the receipt of \`${worker_id}\` for turn ${turn.turn} (\`${request_id}\`)`);
  const answered = () => context.receipts[request_id] ?? null;
  const lost = () => (isLost(context, turn) ? context.lost : null);
  let waitMs = context.timings.receipt_poll_ms;
  for (;;) {
    await untilOrContinued(context, () => answered() !== null || lost() !== null, {
      timeoutMs: waitMs,
      summary: `Waits for turn ${turn.turn}; looks for its result then`,
    });
    const receipt = answered() ?? (await readReceipt(turn));
    if (receipt) return receipt;
    const loss = lost();
    if (loss) {
      context.lost = null;
      return loseExecutor(context, turn, loss.reason, null);
    }
    waitMs = Math.min(waitMs * 2, context.timings.receipt_poll_max_ms);
  }
}

/** A signal about an older lease says nothing about this turn. */
function isLost(context: RunContext, turn: LeasedTurn): boolean {
  const { lost } = context;
  return lost?.worker_id === turn.worker_id && BigInt(lost.lease_epoch) >= BigInt(turn.lease_epoch);
}

/** The fallback for a signal that never came. */
export function readReceipt(turn: LeasedTurn): Promise<WorkerReceipt | null> {
  const { worker_id, request_id } = turn;
  return activities.readReceipt.executeWithOptions(
    { summary: summaryOf(`Look whether turn ${turn.turn} has a result that no news came of`) },
    [{ worker_id, request_id }],
  );
}

async function loseExecutor(
  context: RunContext,
  turn: LeasedTurn,
  reason: string,
  turn_end: TurnEnd | null,
): Promise<WorkerReceipt | null> {
  const recovery = context.recoveries + 1;
  const outcome = await step(context, async () => {
    const recorded = await activities.recordExecutorLost.executeWithOptions(
      {
        summary: summaryOf(`Worker lost in turn ${turn.turn}: ${reason.split(':', 1)[0]}`),
      },
      [
        {
          run_id: context.input.run_id,
          open_turn: withoutLease(turn),
          recovery,
          reason,
          turn_end,
        },
      ],
    );
    if (recorded.kind === 'lost') {
      context.recoveries = recovery;
      context.turnEnd = null;
      move(context, { kind: 'enter_phase', phase: 'dispatching' });
    }
    return recorded;
  });
  return outcome.kind === 'answered' ? outcome.receipt : null;
}

/** The first recovery starts at once, later ones after a pause, and there is an end to them. */
async function recover(context: RunContext): Promise<void> {
  const { recoveries, timings } = context;
  assertExecutorsLeft(context);
  if (recoveries < 2) return;
  waitFor(context, `the pause before recovery ${recoveries} of ${timings.recoveries_max}`);
  await until(context, () => false, {
    timeoutMs: timings.recovery_delay_ms,
    summary: `Pause before recovery ${recoveries}`,
  });
  context.waitingFor = '';
  showDetails(context);
}

/** @throws RunEnded */
function assertExecutorsLeft({ recoveries, timings, turn }: RunContext): void {
  if (recoveries <= timings.recoveries_max) return;
  const reason = `${recoveries} workers were lost, the last one in turn ${turn}`;
  throw new RunEnded(failed('executor_recovery_exhausted', reason));
}

/** The worker says so: its host was stopped or restarted. */
function isWorthRetrying(receipt: WorkerReceipt): boolean {
  return !receipt.ok && receipt.error.retryable === true;
}

function receiptReason(receipt: WorkerReceipt): string {
  return receipt.ok
    ? `the turn was ${receipt.response.status}`
    : `${receipt.error.code}: ${receipt.error.message}`;
}

/** Limits that the host enforced end the run as the limits that the platform enforces do. */
const CLASS_OF_ERROR: Record<string, TerminalReasonClass> = {
  timeout: 'timeout',
  output_limit: 'policy_denied',
};

function failureOf(receipt: WorkerReceipt): Ending {
  const limit = receipt.ok ? undefined : CLASS_OF_ERROR[receipt.error.code];
  return failed(limit ?? 'failed', receiptReason(receipt));
}

export function endOf(turn: LeasedTurn, receipt: WorkerReceipt): TurnEnd {
  const { turn: number, request_id } = turn;
  if (!receipt.ok) {
    return { turn: number, request_id, status: 'failed', reason: receiptReason(receipt) };
  }
  const { status, exit_code } = receipt.response;
  return { turn: number, request_id, status, reason: `exit code ${exit_code}` };
}
