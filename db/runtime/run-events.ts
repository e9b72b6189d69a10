import type { JsonObject, Sha256 } from '#proto/canonical.ts';
import type { RunEvent } from '#proto/gen/types.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import type { Queryable } from '../transaction.ts';

/** An event as it lies in the log; the payload is its canonical bytes. */
export interface StoredRunEvent {
  seq: bigint;
  event_type: string;
  payload: Uint8Array;
  payload_hash: Sha256;
  event_hash: Sha256;
  idempotency_key: string | null;
  sanitized: boolean;
  recorded_at: Date;
}

export interface RunEventPage {
  events: StoredRunEvent[];
  /** Of the run's topic; with `head_seq` it makes a cursor that Khala resumes from. */
  epoch: string;
  head_seq: bigint;
}

export interface RunEventBounds {
  afterSeq: bigint;
  limit: number;
  /** A page has at least one event where one exists, however large. */
  bytesMax?: number;
}

/** One page is read whole into memory. */
const PAGE_BYTES_MAX = 4 * 1_048_576;
const STREAM_PAGE_EVENTS = 500;

interface EventRow {
  epoch: string;
  head_seq: bigint;
  seq: bigint | null;
  event_type: string;
  payload: Uint8Array;
  payload_sha256: Uint8Array;
  event_hash: Uint8Array;
  idempotency_key: string | null;
  sanitized: boolean;
  recorded_at: Date;
}

/** Events and head of one snapshot, so that the head is never behind the page. Undefined where there is no run. */
export async function readRunEvents(
  sql: Queryable,
  runId: string,
  bounds: RunEventBounds,
): Promise<RunEventPage | undefined> {
  const rows = await sql<EventRow[]>`
    select t.epoch, r.latest_seq as head_seq, page.*
    from runtime.runs r
    join runtime.sync_topics t on t.topic_id = r.topic_id
    left join lateral (
      select sized.* from (
        select e.seq, e.event_type, e.payload, e.payload_sha256, e.event_hash, e.idempotency_key, e.sanitized,
          e.recorded_at, sum(length(e.payload)) over (order by e.seq) - length(e.payload) as bytes_before
        from (
          select * from runtime.run_events
          where run_id = r.run_id and seq > ${bounds.afterSeq}
          order by seq limit ${bounds.limit}
        ) e
      ) sized
      where sized.bytes_before < ${bounds.bytesMax ?? PAGE_BYTES_MAX}
    ) page on true
    where r.run_id = ${runId}
    order by page.seq`;
  const [first] = rows;
  if (first === undefined) return undefined;
  return {
    events: rows.flatMap((row) => (row.seq === null ? [] : [eventOf(row, row.seq)])),
    epoch: first.epoch,
    head_seq: first.head_seq,
  };
}

/** The log from its first event up to the head at the time of the first page, in constant memory. */
export async function* streamRunEvents(
  sql: Queryable,
  runId: string,
): AsyncGenerator<StoredRunEvent, void, undefined> {
  let afterSeq = 0n;
  let end: bigint | undefined;
  do {
    const page = await readRunEvents(sql, runId, { afterSeq, limit: STREAM_PAGE_EVENTS });
    if (page === undefined || page.events.length === 0) return;
    end ??= page.head_seq;
    for (const event of page.events) {
      if (event.seq > end) return;
      yield event;
      afterSeq = event.seq;
    }
  } while (afterSeq < end);
}

/** The JSON form of openagents.runtime.v1.RunEvent. */
export function runEventMessage(runId: string, event: StoredRunEvent): RunEvent {
  return {
    run_id: runId,
    seq: event.seq.toString(),
    event_type: event.event_type,
    recorded_at: event.recorded_at.toISOString(),
    payload: readPayload(event.payload),
    payload_hash: event.payload_hash,
    event_hash: event.event_hash,
    idempotency_key: event.idempotency_key ?? '',
    sanitized: event.sanitized,
  };
}

/** Payloads are objects by contract (Struct), so their canonical bytes parse to one. */
export function readPayload(payload: Uint8Array): JsonObject {
  return JSON.parse(new TextDecoder().decode(payload)) as JsonObject;
}

function eventOf(row: EventRow, seq: bigint): StoredRunEvent {
  return {
    seq,
    event_type: row.event_type,
    payload: row.payload,
    payload_hash: sha256FromBytes(row.payload_sha256),
    event_hash: sha256FromBytes(row.event_hash),
    idempotency_key: row.idempotency_key,
    sanitized: row.sanitized,
    recorded_at: row.recorded_at,
  };
}
