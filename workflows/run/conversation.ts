/**
 * What people say to a run while it works.
 *
 * 1. A message that was taken reaches the agent: in the turn under way, or at the start of the next one, in order. Only
 *    the end of the run, which is told to whoever speaks then, leaves one unheard.
 * 2. A turn that is taken up again at another worker is told everything again that its first agent was told.
 */
import { proxyActivities } from '@temporalio/workflow';
import { RECORD } from '../shared/activity-options.ts';
import { refuse } from '../shared/failures.ts';
import { summaryOf } from '../shared/summary.ts';
import { supersedeApprovals, turnUnderWay } from './agent-approvals.ts';
import {
  type LeasedTurn,
  move,
  type RunContext,
  step,
  until,
  type WaitingMessage,
  waitFor,
  withoutLease,
} from './context.ts';
import { failed, RunEnded } from './ending.ts';
import { QUEUED_MESSAGES_MAX, STEERED_MESSAGES_MAX, TURN_MESSAGES_BYTES_MAX } from './limits.ts';
import type {
  InterruptTurnArgs,
  InterruptTurnResult,
  PostMessageArgs,
  PostMessageResult,
} from './messages.ts';
import type { RunActivities } from './ports.ts';

const activities = proxyActivities<RunActivities>(RECORD);

/** @throws RunClosed, LimitExceeded */
export function assertMaySpeak(context: RunContext, args: PostMessageArgs): void {
  const { status } = context.state;
  if (status !== 'created' && status !== 'running') {
    throw refuse('runClosed', `the run is ${status}`);
  }
  if (args.mode === 'steer' && turnUnderWay(context)) {
    if (context.steers.length < STEERED_MESSAGES_MAX) return;
    throw refuse('limitExceeded', `${STEERED_MESSAGES_MAX} messages are steered into one turn`);
  }
  if (context.queue.length >= QUEUED_MESSAGES_MAX) {
    throw refuse('limitExceeded', `${QUEUED_MESSAGES_MAX} messages wait for the next turn`);
  }
  if (!hasRoom(context)) {
    throw refuse('limitExceeded', `the run has taken its ${context.limits.turns_max} turns`);
  }
}

/** Whether another turn may come, or one is about to. */
function hasRoom({ openTurn, turn, turnBegun, limits }: RunContext): boolean {
  return (turnBegun && openTurn === null) || turn < limits.turns_max;
}

/** Whether somebody said something that a further turn can still be told. */
export function isTold(context: RunContext): boolean {
  return context.queue.length > 0 && context.turn < context.limits.turns_max;
}

export function takeMessage(
  context: RunContext,
  args: PostMessageArgs,
): Promise<PostMessageResult> {
  return context.exclusive(async () => {
    assertMaySpeak(context, args);
    const { message_id, json_bytes, posted_by, command } = args;
    const open = args.mode === 'steer' ? turnUnderWay(context) : null;
    const mode = open ? 'steer' : 'queue';
    const what = open ? `Steer turn ${open.turn}` : 'Keep for the next turn';
    const { steer_request_id, positions } = await activities.recordMessage.executeWithOptions(
      { summary: summaryOf(`${what}: message of ${posted_by}`) },
      [
        {
          run_id: context.input.run_id,
          message_id,
          mode,
          posted_by,
          open_turn: open && withoutLease(open),
          command,
        },
      ],
    );
    const message = { message_id, json_bytes };
    if (open) context.steers.push({ ...message, steer_request_id, worker_id: open.worker_id });
    else context.queue.push(message);
    return { mode, turn: open?.turn ?? 0, positions };
  });
}

/** Moves what waits into the turn that is about to be offered, as far as its request has room. */
export function tellTurn(context: RunContext): string[] {
  const { queue, turnMessages } = context;
  let bytes = turnMessages.reduce((sum, { json_bytes }) => sum + json_bytes, 0);
  for (let next = queue[0]; next; next = queue[0]) {
    bytes += next.json_bytes;
    if (turnMessages.length > 0 && bytes > TURN_MESSAGES_BYTES_MAX) break;
    turnMessages.push(next);
    queue.shift();
  }
  return turnMessages.map(({ message_id }) => message_id);
}

/** A turn is over: what was asked in it has lost its point, and what its agent did not take is told to the next. */
export function closeTurn(
  context: RunContext,
  turn: LeasedTurn,
  how: { lost: boolean; reason: string },
): Promise<void> {
  return context.exclusive(async () => {
    await supersedeApprovals(context, how.reason);
    const { steers } = context;
    context.steers = [];
    const untaken = steers.length > 0 ? await untakenOf(context, turn, steers, how.reason) : [];
    if (how.lost) {
      // Invariant 2.
      context.turnMessages.push(...steers.map(plain));
      return;
    }
    context.turnMessages = [];
    context.queue.unshift(...steers.filter((each) => untaken.includes(each.message_id)).map(plain));
  });
}

async function untakenOf(
  context: RunContext,
  { turn }: LeasedTurn,
  steers: RunContext['steers'],
  reason: string,
): Promise<string[]> {
  const { untaken } = await activities.settleSteers.executeWithOptions(
    { summary: summaryOf(`See which messages the agent took in turn ${turn}`) },
    [
      {
        run_id: context.input.run_id,
        turn,
        steers: steers.map(({ json_bytes: _, ...steer }) => steer),
        reason,
      },
    ],
  );
  return untaken;
}

/** @throws IllegalRunTransition */
export function assertInterruptible(context: RunContext): LeasedTurn {
  const turn = turnUnderWay(context);
  if (!turn) throw refuse('illegalTransition', 'no turn is under way that could be interrupted');
  return turn;
}

export function interruptTurn(
  context: RunContext,
  args: InterruptTurnArgs,
): Promise<InterruptTurnResult> {
  return context.exclusive(async () => {
    const open = assertInterruptible(context);
    const { reason, requested_by, command } = args;
    if (context.interruptedRequest === open.request_id) return { turn: open.turn, positions: [] };
    const { positions } = await activities.recordInterruptRequested.executeWithOptions(
      { summary: summaryOf(`Ask the worker to stop turn ${open.turn}: ${reason || requested_by}`) },
      [
        {
          run_id: context.input.run_id,
          open_turn: withoutLease(open),
          reason,
          requested_by,
          command,
        },
      ],
    );
    context.interruptedRequest = open.request_id;
    return { turn: open.turn, positions };
  });
}

/**
 * After a turn that somebody interrupted: until they say how to go on.
 * @throws RunEnded where nobody does; RunStopped
 */
export async function awaitMessage(context: RunContext): Promise<void> {
  if (isTold(context)) return;
  const { turnEnd, limits, timings } = context;
  if (context.turn >= limits.turns_max) {
    const last = `interrupted in the last of the ${limits.turns_max} turns it may take`;
    throw new RunEnded(failed('policy_denied', last));
  }
  if (turnEnd) {
    await step(context, async () => {
      await activities.recordAwaitingMessage.executeWithOptions(
        {
          summary: summaryOf(`Turn ${turnEnd.turn} was interrupted: wait to be told how to go on`),
        },
        [{ run_id: context.input.run_id, turn_end: turnEnd }],
      );
      context.turnEnd = null;
      move(context, { kind: 'enter_phase', phase: 'awaiting_message' });
    });
  }
  waitFor(context, 'a message that says how to go on');
  const told = await until(context, () => context.queue.length > 0, {
    timeoutMs: timings.interrupted_wait_ms,
    summary: 'Without a message until then, the run ends',
  });
  waitFor(context, '');
  if (!told) throw new RunEnded(failed('failed', 'interrupted, and nobody said how to go on'));
}

function plain({ message_id, json_bytes }: WaitingMessage): WaitingMessage {
  return { message_id, json_bytes };
}
