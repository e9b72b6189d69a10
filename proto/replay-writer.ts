import { canonicalJson, type JsonValue } from './canonical.ts';
import { count, derivedLine, noTotals, sessionEnd, sessionStart } from './replay-derive.ts';
import {
  REPLAY_VERSION,
  ReplayError,
  type ReplayLine,
  type RuntimeEventLine,
} from './replay-line.ts';

export interface ReplaySession {
  /** Name and build of the program that writes the file. */
  producer: string;
  run_id: string;
  ended_at_ms: number;
}

/** The lines of a file around its events, in this order, each with its newline. */
export interface ReplayWriter {
  header(): string;
  start(first: RuntimeEventLine): string;
  /** Counts an event that no line is derived from. */
  skip(): void;
  /** Counts an event; the line that is derived from it, if there is one. */
  derived(event: RuntimeEventLine): string | null;
  end(last: RuntimeEventLine | undefined): string;
}

export function replayWriter(session: ReplaySession): ReplayWriter {
  const totals = noTotals();
  return {
    header: () =>
      replayText({
        type: 'ReplayHeader',
        replay_version: REPLAY_VERSION,
        producer: session.producer,
        created_at_ms: session.ended_at_ms,
      }),
    start: (first) => replayText(sessionStart(session.run_id, first)),
    skip() {
      totals.events += 1;
    },
    derived(event) {
      count(totals, event);
      const line = derivedLine(event);
      if (line === null) return null;
      count(totals, line);
      return replayText(line);
    },
    end(last) {
      if (last === undefined) throw new ReplayError(0, 'a run without events has no replay');
      return replayText(sessionEnd(session.run_id, last, totals));
    },
  };
}

export function replayText(line: ReplayLine): string {
  return `${canonicalJson(line as unknown as JsonValue, { floats: true })}\n`;
}
