/**
 * Whether an agent turns in a circle, judged from its last tool calls. Pure: the same log gives the same findings.
 *
 * 1. A call counts when it has ended. Its key is the tool and the hash of its parameters, its outcome the hash of its output.
 * 2. A new outcome or a file change ends a streak: counts begin again, and a warning can be given again.
 * 3. Memory is the last `LOOP_HISTORY_CALLS` calls: what came before them is new when it comes again.
 * 4. How the log was cut into batches changes nothing.
 */

/** What one look back sees: a circle of more calls than this is not found. */
export const LOOP_HISTORY_CALLS = 30;
/** Patience for an honest retry or a slow build; from here on whoever watches is told. */
export const LOOP_WARNING_CALLS = 10;
/** Twice the warning: the run is ended. */
export const LOOP_CRITICAL_CALLS = 20;
/** The whole memory without a new call and a new outcome, whatever the pattern. */
export const LOOP_BREAKER_CALLS = 30;

export type LoopDetector =
  | 'generic_repeat'
  | 'known_poll_no_progress'
  | 'ping_pong'
  | 'global_circuit_breaker';

/** What a log says about tool calls, in its order; `seq` is the position of the event. */
export type LoopObservation = { seq: number } & (
  | { kind: 'call_began'; call_id: string; tool: string; key: string; polls: boolean }
  | { kind: 'call_ended'; call_id: string; outcome: string }
  /** With the hash of what the files are now, where `source` tells one; the same hash again is no change. */
  | { kind: 'file_changed'; source: FileSource; content: string }
  | { kind: 'file_changed'; source: null }
  | { kind: 'warned'; since_seq: number }
);

/** A turn tells its diff as it works, and the patch of the run so far at its end: two texts, each compared with itself. */
export type FileSource = 'diff' | 'patch';

interface BegunCall {
  call_id: string;
  tool: string;
  key: string;
  /** The tool waits for something: it is meant to repeat until its outcome changes. */
  polls: boolean;
}

export interface EndedCall extends Omit<BegunCall, 'call_id'> {
  outcome: string;
  /** It brought an outcome that none of the calls before it had. */
  isNewOutcome: boolean;
}

export interface LoopState {
  /** Oldest first, at most `LOOP_HISTORY_CALLS`. */
  calls: readonly EndedCall[];
  open: readonly BegunCall[];
  /** Calls since the last one that brought a new key or a new outcome. */
  stale: number;
  /** Where the last new outcome or file change stands: the name of the streak. */
  since_seq: number;
  /** The streak that was warned about; -1: none. */
  warned_seq: number;
  contents: Readonly<Record<FileSource, string>>;
}

export interface LoopFinding {
  detector: LoopDetector;
  level: 'warning' | 'critical';
  tool: string;
  calls: number;
  since_seq: number;
  /** For people. */
  message: string;
}

export const INITIAL_LOOP_STATE: LoopState = {
  calls: [],
  open: [],
  stale: 0,
  since_seq: 0,
  warned_seq: -1,
  contents: { diff: '', patch: '' },
};

/** The outcome of a call whose result never came. */
const UNKNOWN_OUTCOME = '';

export function observe(state: LoopState, observation: LoopObservation): LoopState {
  switch (observation.kind) {
    case 'call_began':
      return begin(state, observation);
    case 'call_ended': {
      const call = state.open.find(({ call_id }) => call_id === observation.call_id);
      if (!call) return state;
      const open = state.open.filter((other) => other !== call);
      return end({ ...state, open }, call, observation.outcome, observation.seq);
    }
    case 'file_changed':
      return changeFiles(state, observation);
    case 'warned': {
      const { since_seq } = observation;
      return {
        ...state,
        since_seq: Math.max(state.since_seq, since_seq),
        warned_seq: Math.max(state.warned_seq, since_seq),
      };
    }
  }
}

function changeFiles(
  state: LoopState,
  observation: Extract<LoopObservation, { kind: 'file_changed' }>,
): LoopState {
  const changed = { ...state, calls: [], stale: 0, since_seq: observation.seq };
  if (observation.source === null) return changed;
  const { source, content } = observation;
  if (state.contents[source] === content) return state;
  return { ...changed, contents: { ...state.contents, [source]: content } };
}

function begin(
  state: LoopState,
  { call_id, tool, key, polls, seq }: BegunCall & { seq: number },
): LoopState {
  if (state.open.some((call) => call.call_id === call_id)) return state;
  const open = [...state.open, { call_id, tool, key, polls }];
  const [oldest, ...others] = open;
  // A call that this many have overtaken will not be answered any more, and it did happen.
  if (oldest && open.length > LOOP_HISTORY_CALLS) {
    return end({ ...state, open: others }, oldest, UNKNOWN_OUTCOME, seq);
  }
  return { ...state, open };
}

function end(
  state: LoopState,
  { tool, key, polls }: BegunCall,
  outcome: string,
  seq: number,
): LoopState {
  const isNewKey = state.calls.every((call) => call.key !== key);
  const isNewOutcome =
    outcome !== UNKNOWN_OUTCOME && state.calls.every((call) => call.outcome !== outcome);
  const calls = [...state.calls, { tool, key, polls, outcome, isNewOutcome }];
  return {
    ...state,
    calls: calls.slice(-LOOP_HISTORY_CALLS),
    stale: isNewKey || isNewOutcome ? 0 : Math.min(state.stale + 1, LOOP_BREAKER_CALLS),
    since_seq: isNewOutcome ? seq : state.since_seq,
  };
}

/** What the newest call completes: the gravest finding, or null. A streak that was warned about is not warned about again. */
export function findLoop(state: LoopState): LoopFinding | null {
  const newest = state.calls.at(-1);
  if (!newest) return null;
  const findings = DETECTORS.flatMap(({ detector, count, warning, critical, message }) => {
    const calls = count(state, newest);
    if (calls < warning) return [];
    const level = calls >= critical ? 'critical' : 'warning';
    const { tool } = newest;
    const { since_seq } = state;
    return [{ detector, level, tool, calls, since_seq, message: message(tool, calls) } as const];
  });
  const grave = findings.find(({ level }) => level === 'critical');
  if (grave) return grave;
  return state.warned_seq === state.since_seq ? null : (findings[0] ?? null);
}

interface Detector {
  detector: LoopDetector;
  count(state: LoopState, newest: EndedCall): number;
  warning: number;
  critical: number;
  message(tool: string, calls: number): string;
}

/** The most telling first: where two find the same, the first is named. */
const DETECTORS: readonly Detector[] = [
  {
    detector: 'known_poll_no_progress',
    count: countUnchangedPolls,
    warning: LOOP_WARNING_CALLS,
    critical: LOOP_CRITICAL_CALLS,
    message: (tool, calls) => `${tool} was asked ${calls} times, and its answer did not change`,
  },
  {
    detector: 'ping_pong',
    count: countAlternations,
    warning: LOOP_WARNING_CALLS,
    critical: LOOP_CRITICAL_CALLS,
    message: (tool, calls) =>
      `the last ${calls} calls alternate between two, with ${tool} as one of them, and their outcomes do not change`,
  },
  {
    detector: 'generic_repeat',
    count: countRepeats,
    warning: LOOP_WARNING_CALLS,
    critical: LOOP_CRITICAL_CALLS,
    message: (tool, calls) =>
      `${tool} was called ${calls} times with the same parameters, and nothing new came of it`,
  },
  {
    detector: 'global_circuit_breaker',
    count: ({ stale }) => stale,
    warning: LOOP_BREAKER_CALLS,
    critical: LOOP_BREAKER_CALLS,
    message: (_tool, calls) => `${calls} calls brought neither a new call nor a new outcome`,
  },
];

/** The calls of the streak, newest first: back to the one that brought the last new outcome, which is its first. */
function* streakOf({ calls }: LoopState): Generator<EndedCall, void, undefined> {
  for (const call of [...calls].reverse()) {
    yield call;
    if (call.isNewOutcome) return;
  }
}

function countRepeats(state: LoopState, newest: EndedCall): number {
  if (newest.polls) return 0;
  return [...streakOf(state)].filter(({ key }) => key === newest.key).length;
}

function countUnchangedPolls(state: LoopState, newest: EndedCall): number {
  if (!newest.polls) return 0;
  let count = 0;
  for (const { key, outcome } of streakOf(state)) {
    if (key !== newest.key) continue;
    if (outcome !== newest.outcome) break;
    count += 1;
  }
  return count;
}

/** Two keys in turn, each with the outcome it had the time before; a third key or another outcome breaks it. */
function countAlternations({ calls }: LoopState): number {
  const last = calls.at(-1);
  const other = calls.at(-2);
  if (!last || !other || last.key === other.key) return 0;
  let count = 2;
  for (; count < calls.length; count += 1) {
    const call = calls.at(-1 - count);
    const expected = count % 2 === 0 ? last : other;
    if (call?.key !== expected.key || call.outcome !== expected.outcome) break;
  }
  return count;
}
