import { canonicalJson, type JsonValue } from './canonical.ts';
import { type ChainVerifier, chainVerifier, hashPayload } from './event-chain.ts';
import { count, derivedLine, noTotals, sessionEnd, sessionStart } from './replay-derive.ts';
import {
  type DerivedLine,
  REPLAY_VERSION,
  ReplayError,
  type ReplayLine,
  type ReplayTotals,
  type RuntimeEventLine,
  readReplayLine,
  type SessionEnd,
  type SessionStart,
} from './replay-line.ts';

export interface ReplayReader {
  /** Checks and returns the next line. Throws ReplayError, which names the line. */
  next(text: string): ReplayLine;
  /** The end of the file. Throws ReplayError where the file was cut. */
  end(): SessionEnd;
}

/** How far the file was read; each state holds only what is valid in it. */
type State =
  | { at: 'header' }
  | { at: 'start' }
  | { at: 'events'; log: Log }
  | { at: 'ended'; end: SessionEnd };

interface Log {
  start: SessionStart;
  chain: ChainVerifier;
  last: RuntimeEventLine | null;
  /** The derived line that must follow the last event. */
  owed: DerivedLine | null;
  totals: ReplayTotals;
}

/** Reads a replay file line by line and checks every invariant of `replay.ts`; memory does not grow with the file. */
export function replayReader(): ReplayReader {
  let state: State = { at: 'header' };
  let lineNumber = 0;
  return {
    next(text) {
      lineNumber += 1;
      const line = readReplayLine(text, lineNumber);
      state = advance(state, line, (reason) => new ReplayError(lineNumber, reason));
      return line;
    },
    end() {
      if (state.at !== 'ended') throw new ReplayError(0, 'the file ends without SessionEnd');
      return state.end;
    },
  };
}

type Fault = (reason: string) => ReplayError;

function advance(state: State, line: ReplayLine, fault: Fault): State {
  switch (state.at) {
    case 'header':
      if (line.type !== 'ReplayHeader') throw fault('a file begins with its ReplayHeader');
      if (line.replay_version !== REPLAY_VERSION) {
        throw fault(`version ${line.replay_version} is not ${REPLAY_VERSION}, which this reads`);
      }
      return { at: 'start' };
    case 'start': {
      if (line.type !== 'SessionStart') throw fault('SessionStart follows the header');
      const chain = chainVerifier(line.run_id);
      const log = { start: line, chain, last: null, owed: null, totals: noTotals() };
      return { at: 'events', log };
    }
    case 'events':
      if (line.type === 'SessionEnd') return { at: 'ended', end: readEnd(state.log, line, fault) };
      readLogLine(state.log, line, fault);
      return state;
    case 'ended':
      throw fault('nothing follows SessionEnd');
  }
}

function readLogLine(log: Log, line: ReplayLine, fault: Fault): void {
  switch (line.type) {
    case 'ReplayHeader':
    case 'SessionStart':
    case 'SessionEnd':
      throw fault(`${line.type} does not stand among the events`);
    case 'RuntimeEvent':
      assertNothingOwed(log, fault);
      assertChained(log, line, fault);
      if (log.last === null && !sameValue(log.start, sessionStart(log.start.run_id, line))) {
        throw fault('SessionStart is not what run.created says');
      }
      log.last = line;
      log.owed = derivedLine(line);
      break;
    default:
      if (log.owed === null || !sameValue(line, log.owed)) {
        throw fault(`this ${line.type} is not what the event before it says`);
      }
      log.owed = null;
  }
  count(log.totals, line);
}

function assertNothingOwed(log: Log, fault: Fault): void {
  if (log.owed !== null) throw fault(`the ${log.owed.type} of event ${log.owed.seq} is missing`);
}

function assertChained(log: Log, line: RuntimeEventLine, fault: Fault): void {
  if (hashPayload(line.payload) !== line.payload_hash) throw fault('the payload has another hash');
  const { event_type, payload_hash, event_hash } = line;
  const check = log.chain.next({
    run_id: log.start.run_id,
    seq: BigInt(line.seq),
    event_type,
    payload_hash,
    event_hash,
  });
  if (!check.ok) throw fault(`the chain breaks: ${check.reason}`);
}

function readEnd(log: Log, line: SessionEnd, fault: Fault): SessionEnd {
  assertNothingOwed(log, fault);
  if (log.last === null) throw fault('there are no events');
  if (!sameValue(line, sessionEnd(log.start.run_id, log.last, log.totals))) {
    throw fault('SessionEnd does not sum up the events before it');
  }
  return line;
}

/** Lines are plain JSON, so equal canonical forms are equal values. */
function sameValue(one: object, other: object): boolean {
  return form(one) === form(other);
}

function form(value: object): string {
  return canonicalJson(value as JsonValue, { floats: true });
}
