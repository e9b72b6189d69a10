import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findLoop,
  INITIAL_LOOP_STATE,
  LOOP_BREAKER_CALLS,
  LOOP_CRITICAL_CALLS,
  LOOP_HISTORY_CALLS,
  LOOP_WARNING_CALLS,
  type LoopState,
  observe,
} from './loop-detection.ts';
import { findingsOf, gravestOf } from './testing/loop-findings.ts';
import {
  alternating,
  circling,
  repeating,
  type SyntheticCall,
  syntheticEdit,
  traceOf,
  working,
} from './testing/synthetic-tool-traces.ts';
import { observationsOf, type TracedEvent } from './tool-trace.ts';

const repeat = (calls: number) => traceOf(repeating(calls));
const poll = (calls: number) => traceOf(repeating(calls, 'process_poll'));
const pingPong = (calls: number) => traceOf(alternating(calls));

describe.each([
  ['generic_repeat', repeat],
  ['known_poll_no_progress', poll],
  ['ping_pong', pingPong],
] as const)('%s', (detector, trace) => {
  test.each([
    [LOOP_WARNING_CALLS - 1, null],
    [LOOP_WARNING_CALLS, 'warning'],
    [LOOP_WARNING_CALLS + 1, 'warning'],
    [LOOP_CRITICAL_CALLS - 1, 'warning'],
    [LOOP_CRITICAL_CALLS, 'critical'],
    [LOOP_CRITICAL_CALLS + 1, 'critical'],
  ])('%i calls: %s', (calls, level) => {
    const finding = gravestOf(trace(calls));
    expect(finding?.level ?? null).toBe(level);
    if (level) expect(finding).toMatchObject({ detector });
  });

  test('the call that completes the count is the one that is told about', () => {
    const [warning, critical] = findingsOf(trace(LOOP_CRITICAL_CALLS));
    expect(warning).toMatchObject({ seq: 2 * LOOP_WARNING_CALLS, finding: { level: 'warning' } });
    expect(critical).toMatchObject({ seq: 2 * LOOP_CRITICAL_CALLS, finding: { detector } });
  });

  test('a file change begins the count again', () => {
    const before = trace(LOOP_CRITICAL_CALLS - 1);
    const edit = syntheticEdit(1_000);
    const anew = (calls: number) =>
      trace(calls).map((event) => ({ ...event, seq: event.seq + 2_000 }));
    expect(findingsOf([...before, ...edit, ...anew(LOOP_WARNING_CALLS - 1)])).toHaveLength(1);
    const again = findingsOf([...before, ...edit, ...anew(LOOP_WARNING_CALLS)]);
    expect(again.map(({ finding }) => finding.level)).toEqual(['warning', 'warning']);
  });
});

describe('global_circuit_breaker', () => {
  const circle = (calls: number) => traceOf(circling(calls, 4));

  test.each([
    [LOOP_BREAKER_CALLS - 1, 'no'],
    [LOOP_BREAKER_CALLS, 'global_circuit_breaker'],
    [LOOP_BREAKER_CALLS + 1, 'global_circuit_breaker'],
  ])('%i calls after the last new one: %s finding', (calls, detector) => {
    // Four calls are new, then nothing is.
    const finding = gravestOf(circle(4 + calls));
    if (detector === 'no') expect(finding).toBeNull();
    else expect(finding).toMatchObject({ detector, level: 'critical', calls: LOOP_BREAKER_CALLS });
  });

  test('one new call, or one new outcome of an old one, begins its count again', () => {
    const calls = circling(4 + LOOP_BREAKER_CALLS - 1, 4);
    for (const progress of [
      { tool: 'read', params: 'another file', outcome: 'text 1' },
      { tool: 'read', params: 'file 1', outcome: 'another text' },
    ]) {
      const more = circling(LOOP_BREAKER_CALLS - 5, 4);
      expect(gravestOf(traceOf([...calls, progress, ...more]))).toBeNull();
    }
  });

  test('a circle longer than the memory is not seen', () => {
    expect(gravestOf(traceOf(circling(500, LOOP_HISTORY_CALLS + 1)))).toBeNull();
    expect(gravestOf(traceOf(circling(500, LOOP_HISTORY_CALLS)))?.detector).toBe(
      'global_circuit_breaker',
    );
  });
});

describe('what ends a streak', () => {
  test('a new outcome of the repeated call', () => {
    const calls = [...repeating(19), { ...first(repeating(1)), outcome: 'error 2' }];
    expect(gravestOf(traceOf([...calls, ...repeating(8)]))?.level).toBe('warning');
    expect(findingsOf(traceOf([...calls, ...repeating(9)]))).toHaveLength(2);
  });

  test('a new outcome of any other call', () => {
    const news = { tool: 'read', params: 'log', outcome: 'something new' };
    const trace = traceOf([...repeating(9), news, ...repeating(9)]);
    expect(gravestOf(trace)).toBeNull();
  });

  test('an outcome that was there before is not new', () => {
    const turns = Array.from({ length: 20 }, (_, index) => ({
      ...first(repeating(1)),
      outcome: `error ${index % 2}`,
    }));
    // The second call is the last that brings something new.
    expect(findingsOf(traceOf(turns))).toMatchObject([
      { seq: 22, finding: { detector: 'generic_repeat', level: 'warning' } },
    ]);
  });

  test('a poll may repeat as long as its answer changes, even back and forth', () => {
    const polls = Array.from({ length: 25 }, (_, index) => ({
      tool: 'process_poll',
      params: 'job 1',
      outcome: index % 5 === 0 ? 'busy' : 'idle',
    }));
    expect(gravestOf(traceOf(polls))).toBeNull();
  });

  test('the same diff told again is no file change, another one is', () => {
    const diff = (seq: number, sha256: string): TracedEvent => ({
      seq,
      event_type: 'turn.diff',
      payload: { turn: 1, diff: { kind: 'diff', sha256 }, files_changed: 1 },
    });
    const told = [diff(1, 'sha256:a'), ...traceOf(repeating(9), 2), diff(20, 'sha256:a')];
    expect(gravestOf([...told, ...traceOf(repeating(1), 21)])?.level).toBe('warning');
    const edited = [...told.slice(0, -1), diff(20, 'sha256:b')];
    expect(gravestOf([...edited, ...traceOf(repeating(9), 21)])).toBeNull();
  });
});

test('one streak is warned about once, whichever detectors see it', () => {
  const levels = findingsOf(pingPong(LOOP_CRITICAL_CALLS)).map(({ finding }) => finding.level);
  expect(levels).toEqual(['warning', 'critical']);
});

test('calls that are never answered count once as many others have overtaken them', () => {
  const begun = (calls: number) =>
    traceOf(repeating(calls)).filter(({ event_type }) => event_type === 'tool.call');
  const stateAfter = (calls: number) => fold(INITIAL_LOOP_STATE, begun(calls));
  expect(findLoop(stateAfter(LOOP_HISTORY_CALLS + LOOP_WARNING_CALLS - 1))).toBeNull();
  expect(findLoop(stateAfter(LOOP_HISTORY_CALLS + LOOP_CRITICAL_CALLS))?.level).toBe('critical');
});

test('a result without its call, and a call told twice, change nothing', () => {
  const trace = traceOf(repeating(3));
  const state = fold(INITIAL_LOOP_STATE, trace);
  const stray = { seq: 9, event_type: 'tool.result', payload: { tool_call_id: 'never began' } };
  expect(fold(state, [stray])).toBe(state);
  const [call] = traceOf(repeating(1), 50);
  if (!call) throw new Error('a trace has a call');
  const open = fold(state, [call]);
  expect(fold(open, [call])).toBe(open);
});

test('an agent that learns something with each call is never suspected', () => {
  expect(findingsOf(traceOf(working(500)))).toEqual([]);
});

describe('for any trace', () => {
  const call = fc.record({
    tool: fc.constantFrom('read', 'command_execution', 'process_poll', 'file_change'),
    params: fc.constantFrom('a', 'b', 'c'),
    outcome: fc.constantFrom('x', 'y', 'z'),
  });
  const calls = fc.array(call, { maxLength: 120 });

  test('memory stays bounded and survives JSON', () => {
    fc.assert(
      fc.property(calls, (trace) => {
        const state = fold(INITIAL_LOOP_STATE, traceOf(trace));
        expect(state.calls.length).toBeLessThanOrEqual(LOOP_HISTORY_CALLS);
        expect(state.open.length).toBeLessThanOrEqual(LOOP_HISTORY_CALLS);
        expect(JSON.parse(JSON.stringify(state))).toEqual(state);
      }),
    );
  });

  test('nothing is found before a call was made as often as a warning needs', () => {
    fc.assert(
      fc.property(calls, (trace) => {
        for (const { seq } of findingsOf(traceOf(trace))) {
          expect(seq).toBeGreaterThanOrEqual(2 * LOOP_WARNING_CALLS);
        }
      }),
    );
  });

  test('after a new outcome no less than a warning full of calls is found again', () => {
    fc.assert(
      fc.property(calls, fc.integer({ min: 0, max: LOOP_WARNING_CALLS - 2 }), (trace, more) => {
        const news: SyntheticCall = { tool: 'read', params: 'news', outcome: 'never seen' };
        const before = traceOf([...trace, news]);
        const after = traceOf(trace.slice(0, more).filter(isNoEdit), 1_000);
        const found = findingsOf([...before, ...after]).filter(({ seq }) => seq >= 1_000);
        expect(found).toEqual([]);
      }),
    );
  });
});

function isNoEdit({ tool }: SyntheticCall): boolean {
  return tool !== 'file_change';
}

function fold(state: LoopState, events: readonly TracedEvent[]): LoopState {
  return events.flatMap(observationsOf).reduce(observe, state);
}

function first<T>([value]: readonly T[]): T {
  if (value === undefined) throw new Error('an empty list has no first');
  return value;
}
