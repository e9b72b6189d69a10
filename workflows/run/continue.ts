/**
 * A run in more than one history. Temporal's histories are bounded, a run's turns and messages are not.
 *
 * 1. A history ends only where the main flow can be entered again from what is carried: between two turns, while a worker
 *    holds a turn, while the run waits for a worker.
 *    While a person or a verifier is waited for it cannot end, and what may still be said to the run is bounded.
 * 2. It ends with no handler under way and nobody in the lock, so no message is half answered.
 * 3. A signal that arrives with the last task makes the server repeat that task, so it is in what is carried.
 */
import { allHandlersFinished, condition, continueAsNew, workflowInfo } from '@temporalio/workflow';
import { type ContinuableInput, carry } from './carry.ts';
import { type Patience, type RunContext, until } from './context.ts';

/**
 * No history of a run is longer. The marks below leave room for what a verification or an open question adds while the run
 * cannot be carried, and a history of a mark's length is read again within a second.
 */
export const HISTORY_EVENTS_MAX = 4_096;
/** In the middle of a turn: an approval asked and answered costs about 20 events. */
const EVENTS_WITHIN_TURN = HISTORY_EVENTS_MAX / 4;
/** Earlier, since between two turns nothing is under way; a turn costs about 40, a new history 10. */
const EVENTS_BETWEEN_TURNS = HISTORY_EVENTS_MAX / 8;
/** Read again by every worker that takes the run up. */
const HISTORY_BYTES = 2 * 1024 * 1024;

/** The run goes on in a new history. */
export class RunContinues extends Error {
  override readonly name = 'RunContinues';
}

/** Between two turns. @throws RunContinues */
export function continueBetweenTurns(context: RunContext): void {
  if (isLong(context, EVENTS_BETWEEN_TURNS)) throw new RunContinues();
}

/**
 * As `until`, at a place that can be entered again.
 * @throws RunStopped; RunContinues where the history has become long
 */
export async function untilOrContinued(
  context: RunContext,
  met: () => boolean,
  patience: Patience,
): Promise<boolean> {
  const isTooLong = () => isLong(context, EVENTS_WITHIN_TURN);
  const wasMet = await until(context, () => met() || isTooLong(), patience);
  if (wasMet && !met()) throw new RunContinues();
  return wasMet;
}

function isLong({ input }: RunContext, eventsMax: number): boolean {
  // Runs that began before stay in the one history that their build knows.
  if (!input.version) return false;
  const { historyLength, historySize, continueAsNewSuggested } = workflowInfo();
  return continueAsNewSuggested || historyLength >= eventsMax || historySize >= HISTORY_BYTES;
}

/** Invariants 2 and 3. Never returns. */
export async function continueRun(context: RunContext): Promise<never> {
  context.isEnding = true;
  await condition(allHandlersFinished);
  // An operator's cancel is no handler.
  await context.exclusive(async () => undefined);
  return continueAsNew<(input: ContinuableInput) => Promise<unknown>>({
    ...context.input,
    carried: carry(context),
  });
}
