import type { TerminalReasonClass, TerminalStatus } from './state.ts';

/** How a run ends, and why, in words for people. */
export interface Ending {
  status: TerminalStatus;
  reason_class: TerminalReasonClass;
  reason: string;
}

export const COMPLETED_WITHOUT_VERDICT: Ending = {
  status: 'succeeded',
  reason_class: 'completed',
  reason: 'the agent completed its task; there is no harness, so there is no verdict',
};

export function failed(reason_class: TerminalReasonClass, reason: string): Ending {
  return { status: 'failed', reason_class, reason };
}

/** Ends the run from wherever it stands. */
export class RunEnded extends Error {
  override readonly name = 'RunEnded';
  readonly ending: Ending;

  constructor(ending: Ending) {
    super(ending.reason);
    this.ending = ending;
  }
}

/** Somebody cancelled, the wall clock ran out or the agent turns in a circle: no further step begins. */
export class RunStopped extends Error {
  override readonly name = 'RunStopped';
  readonly cause_kind: 'canceled' | 'timeout' | 'loop_detected';

  constructor(kind: RunStopped['cause_kind']) {
    super(`the run was stopped: ${kind}`);
    this.cause_kind = kind;
  }
}
