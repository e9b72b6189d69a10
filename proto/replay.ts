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
import type { JsonObject } from './canonical.ts';
import type { RuntimeEventLine } from './replay-line.ts';
import { type ReplaySession, replayText, replayWriter } from './replay-writer.ts';
import type { Sha256 } from './sha256.ts';

export * from './replay-line.ts';
export { type ReplayReader, replayReader } from './replay-reader.ts';
export type { ReplaySession } from './replay-writer.ts';

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

/** The file of a run that has ended, line by line, each with its newline; memory does not grow with the run. */
export async function* writeReplay(
  session: ReplaySession,
  events: AsyncIterable<ReplayEvent> | Iterable<ReplayEvent>,
): AsyncGenerator<string, void> {
  const writer = replayWriter(session);
  yield writer.header();
  let last: RuntimeEventLine | undefined;
  for await (const event of events) {
    const line = eventLine(event);
    if (last === undefined) yield writer.start(line);
    last = line;
    yield replayText(line);
    const derived = writer.derived(line);
    if (derived !== null) yield derived;
  }
  yield writer.end(last);
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
