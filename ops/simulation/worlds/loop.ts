/**
 * An agent's tool calls, some of them in a circle, as a log tells them: doubled, unanswered, cut into batches, read again
 * after a crash.
 *
 * 1. The findings are those of the definition, counted over the whole trace.
 * 2. Memory that went through JSON, or was read again from a tail of the log, finds the same.
 * 3. Memory is bounded.
 * 4. A call is not counted twice because it was told twice.
 */
import {
  findLoop,
  INITIAL_LOOP_STATE,
  LOOP_BREAKER_CALLS,
  LOOP_CRITICAL_CALLS,
  LOOP_HISTORY_CALLS,
  LOOP_WARNING_CALLS,
  type LoopObservation,
  type LoopState,
  observe,
} from '#workflows/run/loop-detection.ts';
import type { Random } from '../random.ts';
import { must, mustEqual, type World } from '../world.ts';

export interface LoopParts {
  observe: typeof observe;
  findLoop: typeof findLoop;
}

interface Call {
  tool: string;
  key: string;
  polls: boolean;
  outcome: string;
}

/** A call that ended, or an edit, which is null. */
type Step = Call | null;

const STEPS_MAX = 150;
/** The definition looks at the whole trace each time; a check of every step would cost more than it finds. */
const CHECKED_SHARE = 0.15;

export function loopWorld(parts: LoopParts = { observe, findLoop }): World {
  return {
    name: 'loop',
    share: 25,
    play(random) {
      const told: LoopObservation[][] = [];
      const steps: Step[] = [];
      let state = INITIAL_LOOP_STATE;
      for (const step of stepsOf(random)) {
        steps.push(step);
        const observations = tellings(random, step, told.length);
        told.push(observations);
        for (const observation of observations) state = parts.observe(state, observation);
        // The process died, and what it knew is read again.
        if (random.chance(0.05)) state = JSON.parse(JSON.stringify(state)) as LoopState;
        if (random.chance(0.02)) state = reread(parts, told);
        if (random.chance(CHECKED_SHARE)) checkState(parts, state, steps);
      }
      if (steps.length > 0) checkState(parts, state, steps);
    },
  };
}

function stepsOf(random: Random): Step[] {
  const steps: Step[] = [];
  const length = random.below(STEPS_MAX);
  while (steps.length < length) steps.push(...phaseOf(random));
  return steps.slice(0, length);
}

/** An agent does the same kind of thing for a while. */
function phaseOf(random: Random): Step[] {
  const length = 1 + random.below(25);
  const keys = 1 + random.below(5);
  const outcomes = 1 + random.below(3);
  const polls = random.chance(0.25);
  switch (random.below(4)) {
    case 0:
      return Array.from({ length }, () => callOf(random.below(1_000), random.below(1_000), polls));
    case 1:
      return Array.from({ length }, (_, index) => callOf(index % keys, index % keys, polls));
    case 2:
      return Array.from({ length }, () =>
        callOf(random.below(keys), random.below(outcomes), polls),
      );
    default:
      return [random.chance(0.5) ? null : callOf(0, 0, polls)];
  }
}

function callOf(key: number, outcome: number, polls: boolean): Call {
  const tool = polls ? 'process_poll' : 'read';
  return { tool, key: `${tool} ${key}`, polls, outcome: `outcome ${outcome}` };
}

/** How the log tells one step; some of it twice. */
function tellings(random: Random, step: Step, place: number): LoopObservation[] {
  const seq = 2 * place + 1;
  if (step === null) return [{ kind: 'file_changed', seq, source: null }];
  const { outcome, ...call } = step;
  const call_id = `call ${place}`;
  const began: LoopObservation = { kind: 'call_began', seq, call_id, ...call };
  const ended: LoopObservation = { kind: 'call_ended', seq: seq + 1, call_id, outcome };
  const isDoubled = random.chance(0.1);
  return isDoubled ? [began, began, ended, ended] : [began, ended];
}

/** What a replica does whose memory was lost: it reads the newest steps alone, more than the detectors look back on. */
function reread(parts: LoopParts, told: readonly LoopObservation[][]): LoopState {
  return told
    .slice(-3 * LOOP_HISTORY_CALLS)
    .flat()
    .reduce(parts.observe, INITIAL_LOOP_STATE);
}

function checkState(parts: LoopParts, state: LoopState, steps: readonly Step[]): void {
  must(state.calls.length <= LOOP_HISTORY_CALLS, 'memory is bounded', state.calls.length);
  mustEqual(state.open.length, 0, 'a call that ended is not open');
  if (steps.at(-1) === null) {
    mustEqual(parts.findLoop(state), null, 'an edit is no loop');
    return;
  }
  const expected = definition(steps);
  const found = parts.findLoop(state);
  const level = expected.find(({ calls, critical }) => calls >= critical)
    ? 'critical'
    : expected.some(({ calls, warning }) => calls >= warning)
      ? 'warning'
      : null;
  mustEqual(found?.level ?? null, level, 'a loop is found where the definition says so');
  if (!found) return;
  const counted = expected.find(({ detector }) => detector === found.detector);
  mustEqual(found.calls, counted?.calls, `${found.detector} counts what there is`);
}

/** The detectors once more, from the whole trace and without memory. */
function definition(steps: readonly Step[]) {
  const calls = steps.slice(steps.lastIndexOf(null) + 1).filter((step) => step !== null);
  const isNew = calls.map((call, at) => {
    const before = calls.slice(Math.max(0, at - LOOP_HISTORY_CALLS), at);
    return {
      key: before.every(({ key }) => key !== call.key),
      outcome: before.every(({ outcome }) => outcome !== call.outcome),
    };
  });
  const newest = calls[calls.length - 1];
  if (!newest) return [];
  const visible = calls.length - LOOP_HISTORY_CALLS;
  const streak = Math.max(
    0,
    visible,
    isNew.findLastIndex(({ outcome }) => outcome),
  );
  const same = calls.slice(streak).filter(({ key }) => key === newest.key);
  const changed = same.findLastIndex(({ outcome }) => outcome !== newest.outcome);
  const stale = calls.length - 1 - isNew.findLastIndex(({ key, outcome }) => key || outcome);
  const usual = { warning: LOOP_WARNING_CALLS, critical: LOOP_CRITICAL_CALLS };
  return [
    {
      detector: 'known_poll_no_progress',
      calls: newest.polls ? same.length - changed - 1 : 0,
      ...usual,
    },
    { detector: 'ping_pong', calls: alternations(calls.slice(Math.max(0, visible))), ...usual },
    { detector: 'generic_repeat', calls: newest.polls ? 0 : same.length, ...usual },
    {
      detector: 'global_circuit_breaker',
      calls: Math.min(stale, LOOP_BREAKER_CALLS),
      warning: LOOP_BREAKER_CALLS,
      critical: LOOP_BREAKER_CALLS,
    },
  ];
}

/** The longest end of the trace in which each call is the one before the last again, and neighbours differ. */
function alternations(calls: readonly Call[]): number {
  let length = 1;
  for (let at = calls.length - 2; at >= 0; at -= 1) {
    const [call, next, same] = [calls[at], calls[at + 1], calls[at + 2]];
    if (!call || !next || call.key === next.key) break;
    if (same && (same.key !== call.key || same.outcome !== call.outcome)) break;
    length += 1;
  }
  return length < 2 ? 0 : length;
}
