import type { Queryable } from '../transaction.ts';

/** Smaller pages leave more of each query behind: 64 events instead of 500 made a process grow by half as much again. */
const PAGE_EVENTS_MAX = 500;
/** Of payloads; a page has at least one event, however large. */
const PAGE_BYTES_MAX = 65_536;

/**
 * The closed log as the `RuntimeEvent` lines of a replay file, some hundred at a time. The server puts them together from
 * the canonical bytes it holds: parsed here, a million events would fill V8's young generation.
 */
export async function* streamReplayLines(
  sql: Queryable,
  runId: string,
): AsyncGenerator<Buffer, void, undefined> {
  let afterSeq = 0n;
  for (;;) {
    // Names in canonical order; a type has no character that JSON escapes, and the time has whole milliseconds.
    const [row] = await sql`
      select max(seq), string_agg(
        '{"event_hash":"sha256:' || encode(event_hash, 'hex') || '","event_type":"' || event_type
          || '","payload":' || convert_from(payload, 'UTF8')
          || ',"payload_hash":"sha256:' || encode(payload_sha256, 'hex')
          || '","recorded_at_ms":' || (extract(epoch from recorded_at) * 1000)::int8
          || ',"sanitized":' || sanitized || ',"seq":' || seq || E',"type":"RuntimeEvent"}\n',
        '' order by seq)
      from (
        select e.*, sum(length(e.payload)) over (order by e.seq) - length(e.payload) as bytes_before
        from (
          select * from runtime.run_events
          where run_id = ${runId} and seq > ${afterSeq}
          order by seq limit ${PAGE_EVENTS_MAX}
        ) e
      ) page
      where bytes_before < ${PAGE_BYTES_MAX}`.raw();
    const [last, lines] = (row ?? []) as (Buffer | null)[];
    if (!last || !lines) return;
    yield lines;
    afterSeq = BigInt(last.toString());
  }
}
