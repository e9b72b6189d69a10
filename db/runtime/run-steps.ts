/** Small reads and writes beside a run's steps. */
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

/** Whether a step with this idempotency key is in the log: for steps whose events say what was true at their moment. */
export async function hasEvent(tx: Tx, runId: string, idempotencyKey: string): Promise<boolean> {
  const rows = await tx`
    select from runtime.run_events
    where run_id || ' ' || idempotency_key = ${`${runId} ${idempotencyKey}`} and idempotency_key is not null`;
  return rows.length > 0;
}

/** The event of a step, by its idempotency key. */
export async function findEvent(
  tx: Tx,
  runId: string,
  idempotencyKey: string,
): Promise<{ payload: Buffer; recorded_at: Date } | undefined> {
  const [row] = await tx<{ payload: Buffer; recorded_at: Date }[]>`
    select payload, recorded_at from runtime.run_events
    where run_id || ' ' || idempotency_key = ${`${runId} ${idempotencyKey}`} and idempotency_key is not null`;
  return row;
}

export interface TypedEvent {
  seq: bigint;
  event_type: string;
  payload: Buffer;
}

const PAGE_EVENTS = 500;

/** The events of some types in the log's order, in constant memory. */
export async function* readEventsOfTypes(
  sql: Sql | Tx,
  runId: string,
  eventTypes: readonly string[],
): AsyncGenerator<TypedEvent, void, undefined> {
  let after = 0n;
  for (;;) {
    const page = await sql<TypedEvent[]>`
      select seq, event_type, payload from runtime.run_events
      where run_id = ${runId} and seq > ${after} and event_type = any (${eventTypes})
      order by seq limit ${PAGE_EVENTS}`;
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < PAGE_EVENTS) return;
    after = last.seq;
  }
}

/** The newest events of some types behind a position, in the log's order. */
export async function readNewestOfTypes(
  sql: Sql | Tx,
  runId: string,
  eventTypes: readonly string[],
  bounds: { afterSeq: number; limit: number },
): Promise<TypedEvent[]> {
  const newest = await sql<TypedEvent[]>`
    select seq, event_type, payload from runtime.run_events
    where run_id = ${runId} and seq > ${bounds.afterSeq} and event_type = any (${eventTypes})
    order by seq desc limit ${bounds.limit}`;
  return newest.reverse();
}

/** A thread whose run has ended can begin another. */
export async function releaseThread(tx: Tx, threadId: string, runId: string): Promise<void> {
  await tx`
    update runtime.threads set active_run_id = null, updated_at = clock_timestamp()
    where thread_id = ${threadId} and active_run_id = ${runId}`;
}
