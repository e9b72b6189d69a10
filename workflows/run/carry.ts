/**
 * What of a run outlives a history: the start of the next one, after continue-as-new or where the history is gone.
 *
 * 1. Every field of RunContext stands in FIELDS, carried or with the reason why not; the compiler and a test hold this.
 * 2. What is carried is plain JSON, and bounded.
 */
import type { RunContext } from './context.ts';
import type { RunInput } from './messages.ts';

/** `carried`, or why the field begins anew. */
export const FIELDS = {
  input: 'is the input of the next history beside what is carried',
  limits: 'follow from the input',
  timings: 'follow from the input',
  policyBundleId: 'follows from the input',
  deadlineMs: 'follows from the input: the wall clock runs on over all histories',
  exclusive: 'is held by nobody when a history ends',
  state: 'carried',
  created: 'carried',
  creationFailure: 'ends the run in the history that met it',
  createDenied: 'is decided anew from the input',
  attempt: 'carried',
  feedback: 'carried',
  turn: 'carried',
  turnBegun: 'carried',
  recoveries: 'carried',
  openTurn: 'carried',
  turnEnd: 'carried',
  response: 'carried',
  outcome: 'carried',
  verdict: 'carried',
  patch: 'carried',
  decisions: 'carried',
  approvals: 'carried',
  grants: 'carried',
  approvalsOfTurn: 'carried',
  queue: 'carried',
  turnMessages: 'carried',
  steers: 'carried',
  interruptedRequest: 'carried',
  receipts: 'carried',
  lost: 'carried',
  loop: 'carried',
  workersSeen: 'is counted within one wait',
  wallClockEnded: 'follows from the deadline',
  waitingFor: 'is said anew by the wait that is entered again',
  note: 'is written after the log is closed',
  cancelReason: 'carried',
  processed: 'carried',
  histories: 'carried',
  ending: 'carried',
  isEnding: 'is true of the history that ends',
} as const satisfies Record<keyof RunContext, string>;

type CarriedField = {
  [F in keyof typeof FIELDS]: (typeof FIELDS)[F] extends 'carried' ? F : never;
}[keyof typeof FIELDS];

export type CarriedRun = Pick<RunContext, CarriedField>;

/** The start input of a history that is not a run's first. */
export interface ContinuableInput extends RunInput {
  carried?: CarriedRun;
}

export const CARRIED_FIELDS = Object.entries(FIELDS)
  .filter(([, fate]) => fate === 'carried')
  // Narrowed by the filter, which the compiler does not follow through entries.
  .map(([field]) => field as CarriedField);

export function carry(context: RunContext): CarriedRun {
  const carried = Object.fromEntries(CARRIED_FIELDS.map((field) => [field, context[field]]));
  // Complete by invariant 1.
  return { ...carried, histories: context.histories + 1 } as CarriedRun;
}

export function restore(context: RunContext, carried: CarriedRun): RunContext {
  return Object.assign(context, carried);
}
