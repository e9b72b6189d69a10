/**
 * REPLAY.jsonl: the log of one run as a file that proves itself, one canonical JSON object per line.
 *
 * 1. Line 1 is `ReplayHeader`, line 2 `SessionStart`, the last `SessionEnd`; between them the events in order.
 *    `SessionStart` is derived from `run.created`, the first event, and `SessionEnd` from `run.finished`, the last.
 * 2. A `RuntimeEvent` line holds an event of the log whole; its hashes chain as in `event-chain.ts`, from seq 1 without a
 *    gap. These lines alone carry the run's states.
 * 3. A `ToolCall`, `ToolResult`, `Verification` or `Payment` line follows the event that it is derived from, names its
 *    `seq`, and is what `derivedLine` makes of it: a convenience for readers, never a second truth.
 * 4. `SessionEnd.trajectory_hash` is the last event's `event_hash`; that event is `run.finished`.
 */
import { canonicalJson, type JsonObject, type JsonValue } from './canonical.ts';
import { count, derivedLine, noTotals, sessionEnd, sessionStart } from './replay-derive.ts';
import {
  REPLAY_VERSION,
  ReplayError,
  type ReplayLine,
  type RuntimeEventLine,
} from './replay-line.ts';
import type { Sha256 } from './sha256.ts';

export * from './replay-line.ts';
export { type ReplayReader, replayReader } from './replay-reader.ts';

/** An event as the log gives it. */
export interface ReplayEvent {
  seq: bigint;
  event_type: string;
  payload: JsonObject;
  payload_hash: Sha256;
  event_hash: Sha256;
  recorded_at_ms: number;
  sanitized: boolean;
}

export interface ReplaySession {
  /** Name and build of the program that writes the file. */
  producer: string;
  run_id: string;
  ended_at_ms: number;
}

/** The file of a run that has ended, line by line, each with its newline; memory does not grow with the run. */
export async function* writeReplay(
  session: ReplaySession,
  events: AsyncIterable<ReplayEvent> | Iterable<ReplayEvent>,
): AsyncGenerator<string, void> {
  yield textOf({
    type: 'ReplayHeader',
    replay_version: REPLAY_VERSION,
    producer: session.producer,
    created_at_ms: session.ended_at_ms,
  });
  const totals = noTotals();
  let last: RuntimeEventLine | undefined;
  for await (const event of events) {
    const line = eventLine(event);
    if (last === undefined) yield textOf(sessionStart(session.run_id, line));
    last = line;
    yield textOf(line);
    count(totals, line);
    const derived = derivedLine(line);
    if (derived === null) continue;
    count(totals, derived);
    yield textOf(derived);
  }
  if (last === undefined) throw new ReplayError(0, 'a run without events has no replay');
  yield textOf(sessionEnd(session.run_id, last, totals));
}

function eventLine(event: ReplayEvent): RuntimeEventLine {
  return {
    type: 'RuntimeEvent',
    seq: Number(event.seq),
    event_type: event.event_type,
    payload: event.payload,
    payload_hash: event.payload_hash,
    event_hash: event.event_hash,
    recorded_at_ms: event.recorded_at_ms,
    sanitized: event.sanitized,
  };
}

function textOf(line: ReplayLine): string {
  return `${canonicalJson(line as unknown as JsonValue, { floats: true })}\n`;
}
