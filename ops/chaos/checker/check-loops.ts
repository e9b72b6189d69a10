import type { Sql } from '#db/connect.ts';
import { findingsOf } from '#workflows/run/testing/loop-findings.ts';
import { TRACED_EVENT_TYPES, type TracedEvent } from '#workflows/run/tool-trace.ts';
import type { Violation } from './violation.ts';

interface EventRow {
  run_id: string;
  seq: bigint;
  event_type: string;
  payload: Buffer;
}

/** A run that came to something has not turned in a circle. */
export async function checkLoops(sql: Sql): Promise<Violation[]> {
  const rows = await sql<EventRow[]>`
    select e.run_id, e.seq, e.event_type, e.payload
    from runtime.run_events e join runtime.runs r using (run_id)
    where r.status = 'succeeded' and e.event_type = any (${TRACED_EVENT_TYPES as string[]})
    order by e.run_id, e.seq`;
  const traces = Map.groupBy(rows, ({ run_id }) => run_id);
  return [...traces].flatMap(([subject, events]) => {
    const [found] = findingsOf(events.map(tracedEvent));
    return found ? [{ rule: 'loop', subject, detail: found.finding.message } as const] : [];
  });
}

function tracedEvent({ seq, event_type, payload }: EventRow): TracedEvent {
  return { seq: Number(seq), event_type, payload: JSON.parse(payload.toString()) };
}
