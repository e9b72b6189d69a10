import { describe, expect, test } from 'vitest';
import {
  advance,
  applyRunEvent,
  IllegalRunTransitionError,
  INITIAL_RUN_STATE,
  isTerminal,
  RUN_PHASES,
  type RunState,
  type RunStatus,
  type RunTransition,
} from './state.ts';

const STATES: Record<RunStatus, RunState> = {
  created: INITIAL_RUN_STATE,
  running: { status: 'running', phase: 'executing' },
  canceling: { status: 'canceling', phase: 'executing' },
  succeeded: { status: 'succeeded', phase: null, reason_class: 'completed', reason: 'done' },
  failed: { status: 'failed', phase: null, reason_class: 'failed', reason: 'broken' },
  canceled: { status: 'canceled', phase: null, reason_class: 'canceled', reason: 'asked' },
};

const EVENTS = {
  start: { kind: 'start' },
  request_cancel: { kind: 'request_cancel' },
  finish_succeeded: {
    kind: 'finish',
    status: 'succeeded',
    reason_class: 'completed',
    reason: 'later',
  },
  finish_failed: { kind: 'finish', status: 'failed', reason_class: 'timeout', reason: 'later' },
  finish_canceled: {
    kind: 'finish',
    status: 'canceled',
    reason_class: 'canceled',
    reason: 'later',
  },
} satisfies Record<string, RunTransition>;

/** Written out a second time, from reference 3.1 and not from the code, so that a slip in either shows. */
const MATRIX = `
  created    running  canceling  succeeded  failed   canceled
  running    =        canceling  succeeded  failed   canceled
  canceling  illegal  =          illegal    failed   canceled
  succeeded  illegal  illegal    =          illegal  illegal
  failed     illegal  illegal    illegal    =        illegal
  canceled   illegal  illegal    illegal    illegal  =
`;

const cells = MATRIX.trim()
  .split('\n')
  .flatMap((line) => {
    const [from = '', ...outcomes] = line.trim().split(/\s+/);
    return Object.keys(EVENTS).map((event, column) => ({
      from: from as RunStatus,
      event: event as keyof typeof EVENTS,
      outcome: outcomes[column] ?? '',
    }));
  });

describe('the matrix', () => {
  test('has thirty cells', () => expect(cells).toHaveLength(30));

  test.each(cells)('$from, $event: $outcome', ({ from, event, outcome }) => {
    const state = STATES[from];
    if (outcome === 'illegal') {
      expect(() => advance(state, EVENTS[event])).toThrow(IllegalRunTransitionError);
    } else if (outcome === '=') {
      expect(advance(state, EVENTS[event])).toBe(state);
    } else {
      expect(advance(state, EVENTS[event]).status).toBe(outcome);
    }
  });

  test('an illegal transition names where, what and why', () => {
    expect(() => advance(STATES.canceling, EVENTS.finish_succeeded)).toThrow(
      'run is canceling: finish_succeeded is not possible, because a run that is being canceled can only end as canceled or failed',
    );
    expect(() => advance(STATES.failed, EVENTS.start)).toThrow(
      'a finished run never changes again',
    );
  });

  test('a finished run keeps its first reason', () => {
    expect(advance(STATES.failed, EVENTS.finish_failed)).toMatchObject({ reason: 'broken' });
  });
});

describe('phases', () => {
  test('a run starts in phase dispatching and keeps its phase while it is canceled', () => {
    const running = advance(INITIAL_RUN_STATE, { kind: 'start' });
    expect(running).toEqual({ status: 'running', phase: 'dispatching' });
    expect(advance(running, { kind: 'request_cancel' })).toEqual({
      status: 'canceling',
      phase: 'dispatching',
    });
  });

  test.each(RUN_PHASES)('a running run enters phase %s', (phase) => {
    expect(advance(STATES.running, { kind: 'enter_phase', phase })).toEqual({
      status: 'running',
      phase,
    });
  });

  test('entering the phase it is in changes nothing', () => {
    expect(advance(STATES.running, { kind: 'enter_phase', phase: 'executing' })).toBe(
      STATES.running,
    );
  });

  test('a run without a worker can wait for one and nothing else', () => {
    expect(advance(INITIAL_RUN_STATE, { kind: 'enter_phase', phase: 'dispatching' })).toEqual({
      status: 'created',
      phase: 'dispatching',
    });
    expect(() => advance(INITIAL_RUN_STATE, { kind: 'enter_phase', phase: 'verifying' })).toThrow(
      'no worker has it',
    );
  });

  test.each(['canceling', 'succeeded', 'failed', 'canceled'] as const)(
    'nothing begins in a run that is %s',
    (status) => {
      expect(() => advance(STATES[status], { kind: 'enter_phase', phase: 'verifying' })).toThrow(
        IllegalRunTransitionError,
      );
    },
  );
});

describe('journaled events', () => {
  const log: [string, object][] = [
    ['run.created', {}],
    ['run.started', { worker_id: 'worker_1' }],
    ['run.phase_changed', { phase: 'executing' }],
    ['text.delta', { status: 'failed' }],
    ['run.phase_changed', { phase: 'verifying' }],
    ['run.finished', { status: 'succeeded', reason_class: 'completed', reason: 'accepted' }],
  ];

  test('a log derives the states of its run', () => {
    const states: RunState[] = [];
    let state: RunState = INITIAL_RUN_STATE;
    for (const [type, payload] of log) {
      state = applyRunEvent(state, type, payload);
      states.push(state);
    }
    expect(states.map((state) => `${state.status}/${state.phase}`)).toEqual([
      'created/null',
      'running/dispatching',
      'running/executing',
      'running/executing',
      'running/verifying',
      'succeeded/null',
    ]);
    expect(states.at(-1)).toMatchObject({ reason_class: 'completed', reason: 'accepted' });
    expect(states.map(isTerminal)).toEqual([false, false, false, false, false, true]);
  });

  test('the alias cancelled is understood', () => {
    expect(applyRunEvent(STATES.canceling, 'run.finished', { status: 'cancelled' }).status).toBe(
      'canceled',
    );
  });

  test.each([
    ['run.finished', { status: 'done' }, 'names no terminal status: "done"'],
    ['run.phase_changed', { phase: 7 }, 'names no known phase: ""'],
    ['run.finished', null, 'names no terminal status: ""'],
  ])('%s with %o is refused', (type, payload, message) => {
    expect(() => applyRunEvent(STATES.running, type, payload)).toThrow(message);
  });
});
