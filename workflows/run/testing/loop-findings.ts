/** What loop detection says of a whole trace, for tests and for whoever checks logs afterwards. */
import { findLoop, INITIAL_LOOP_STATE, type LoopFinding, observe } from '../loop-detection.ts';
import { observationsOf, type TracedEvent } from '../tool-trace.ts';

/** The gravest finding of a trace, as whoever follows the log sees it. */
export function gravestOf(events: readonly TracedEvent[]): LoopFinding | null {
  let gravest: LoopFinding | null = null;
  for (const { finding } of findingsOf(events)) {
    if (gravest?.level !== 'critical') gravest = finding;
  }
  return gravest;
}

/** Each finding with the position of the event that completed it; a warning is taken as journaled at once. */
export function findingsOf(
  events: readonly TracedEvent[],
): { seq: number; finding: LoopFinding }[] {
  const found: { seq: number; finding: LoopFinding }[] = [];
  let state = INITIAL_LOOP_STATE;
  for (const event of events) {
    for (const observation of observationsOf(event)) {
      state = observe(state, observation);
      const finding = observation.kind === 'call_ended' ? findLoop(state) : null;
      if (!finding) continue;
      found.push({ seq: event.seq, finding });
      const { since_seq } = finding;
      state = observe(state, { kind: 'warned', seq: event.seq, since_seq });
    }
  }
  return found;
}
