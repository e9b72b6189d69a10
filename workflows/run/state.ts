/**
 * The states of a run (reference 3.1). Pure: the workflow, the journal, projections and `oa replay` all decide with it.
 *
 * 1. A terminal run never changes again; what arrives later is kept beside it.
 * 2. A run that is being canceled can no longer succeed.
 * 3. A phase is where a live run stands; it never decides whether a transition is legal.
 */
import type {
  RunPhase as RunPhaseText,
  RunStatus as RunStatusText,
  TerminalReasonClass as TerminalReasonClassText,
} from '#proto/gen/types.ts';

export type RunStatus = Exclude<RunStatusText, ''>;
export type RunPhase = Exclude<RunPhaseText, ''>;
export type TerminalReasonClass = Exclude<TerminalReasonClassText, ''>;
export type TerminalStatus = 'succeeded' | 'failed' | 'canceled';

export type RunState =
  | { status: 'created'; phase: 'dispatching' | null }
  | { status: 'running'; phase: RunPhase }
  | { status: 'canceling'; phase: RunPhase | null }
  | { status: TerminalStatus; phase: null; reason_class: TerminalReasonClass; reason: string };

export type RunTransition =
  | { kind: 'start' }
  | { kind: 'enter_phase'; phase: RunPhase }
  | { kind: 'request_cancel' }
  | {
      kind: 'finish';
      status: TerminalStatus;
      reason_class: TerminalReasonClass;
      reason: string;
    };

export const INITIAL_RUN_STATE: RunState = { status: 'created', phase: null };

type MatrixEvent =
  | 'start'
  | 'request_cancel'
  | 'finish_succeeded'
  | 'finish_failed'
  | 'finish_canceled';

/** Reference 3.1, cell by cell; `null` is an illegal transition. */
export const RUN_TRANSITIONS = {
  created: row('running', 'canceling', 'succeeded', 'failed', 'canceled'),
  running: row('running', 'canceling', 'succeeded', 'failed', 'canceled'),
  canceling: row(null, 'canceling', null, 'failed', 'canceled'),
  succeeded: row(null, null, 'succeeded', null, null),
  failed: row(null, null, null, 'failed', null),
  canceled: row(null, null, null, null, 'canceled'),
} as const satisfies Record<RunStatus, Record<MatrixEvent, RunStatus | null>>;

function row<A, B, C, D, E>(
  start: A,
  request_cancel: B,
  finish_succeeded: C,
  finish_failed: D,
  finish_canceled: E,
) {
  return { start, request_cancel, finish_succeeded, finish_failed, finish_canceled };
}

/** The run cannot make this step; the caller answers 409 `conflict` and appends nothing. */
export class IllegalRunTransitionError extends Error {
  override readonly name = 'IllegalRunTransitionError';
  readonly from: RunStatus;
  readonly event: string;

  constructor(from: RunStatus, event: string, why: string) {
    super(`run is ${from}: ${event} is not possible, ${why}`);
    this.from = from;
    this.event = event;
  }
}

export function isTerminal(
  state: RunState,
): state is Extract<RunState, { status: TerminalStatus }> {
  return isTerminalStatus(state.status);
}

export function isTerminalStatus(status: RunStatusText): status is TerminalStatus {
  return status === 'succeeded' || status === 'failed' || status === 'canceled';
}

/**
 * The state after `event`. A no-op of the matrix returns the same object, so that a caller can tell a repetition.
 * @throws IllegalRunTransitionError
 */
export function advance(state: RunState, event: RunTransition): RunState {
  switch (event.kind) {
    case 'enter_phase':
      return enterPhase(state, event.phase);
    case 'start': {
      assertLegal(state.status, 'start');
      return state.status === 'created' ? { status: 'running', phase: 'dispatching' } : state;
    }
    case 'request_cancel': {
      assertLegal(state.status, 'request_cancel');
      return state.status === 'canceling' ? state : { status: 'canceling', phase: state.phase };
    }
    case 'finish': {
      assertLegal(state.status, `finish_${event.status}`);
      if (isTerminal(state)) return state;
      const { status, reason_class, reason } = event;
      return { status, phase: null, reason_class, reason };
    }
  }
}

/** Whether the matrix allows `event` in `status`. */
export function mayAdvance(status: RunStatus, event: MatrixEvent): boolean {
  return RUN_TRANSITIONS[status][event] !== null;
}

function assertLegal(from: RunStatus, event: MatrixEvent): void {
  if (mayAdvance(from, event)) return;
  throw new IllegalRunTransitionError(from, event, whyIllegal(from));
}

function whyIllegal(from: RunStatus): string {
  return from === 'canceling'
    ? 'because a run that is being canceled can only end as canceled or failed'
    : 'because a finished run never changes again';
}

function enterPhase(state: RunState, phase: RunPhase): RunState {
  switch (state.status) {
    case 'created':
      if (phase === 'dispatching') return { status: 'created', phase };
      throw new IllegalRunTransitionError('created', `phase ${phase}`, 'because no worker has it');
    case 'running':
      return state.phase === phase ? state : { status: 'running', phase };
    case 'canceling':
    case 'succeeded':
    case 'failed':
    case 'canceled':
      throw new IllegalRunTransitionError(
        state.status,
        `phase ${phase}`,
        'because nothing new begins',
      );
  }
}

/**
 * The state after a journaled event, the way projections and `oa replay` derive it. Types that do not move a run return
 * the same state.
 * @throws IllegalRunTransitionError where the log contradicts itself
 */
export function applyRunEvent(state: RunState, eventType: string, payload: unknown): RunState {
  const transition = transitionOf(eventType, payload);
  return transition ? advance(state, transition) : state;
}

function transitionOf(eventType: string, payload: unknown): RunTransition | null {
  const field = (name: string): string => {
    const value =
      typeof payload === 'object' && payload !== null ? Reflect.get(payload, name) : undefined;
    return typeof value === 'string' ? value : '';
  };
  switch (eventType) {
    case 'run.started':
      return { kind: 'start' };
    case 'run.cancel_requested':
      return { kind: 'request_cancel' };
    case 'run.phase_changed':
      return { kind: 'enter_phase', phase: parsePhase(field('phase')) };
    case 'run.finished':
      return {
        kind: 'finish',
        status: parseFinish(field('status')),
        // The log is written by the platform alone; an older or newer class is shown as it stands.
        reason_class: field('reason_class') as TerminalReasonClass,
        reason: field('reason'),
      };
    default:
      return null;
  }
}

export const RUN_PHASES = [
  'dispatching',
  'executing',
  'awaiting_approval',
  'verifying',
  'settling',
  'budget_exhausted',
  'awaiting_message',
] as const satisfies readonly RunPhase[];

function parsePhase(text: string): RunPhase {
  const phase = RUN_PHASES.find((known) => known === text);
  if (!phase) throw new TypeError(`run.phase_changed names no known phase: "${text}"`);
  return phase;
}

/** `cancelled` is an alias that older writers used. */
function parseFinish(text: string): TerminalStatus {
  if (text === 'cancelled') return 'canceled';
  if (text === 'succeeded' || text === 'failed' || text === 'canceled') return text;
  throw new TypeError(`run.finished names no terminal status: "${text}"`);
}
