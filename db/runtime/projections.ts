/**
 * Rebuilding the read model of a run from its log.
 *
 * 1. The log is authority: a row that differs is drift, and repair replays the log over it, never the other way round.
 * 2. What no event says stays: identity, spec, and the references to artifacts that were derived after the end.
 * 3. A rebuilt row has the same projection hash as the row that the appends wrote.
 */
import { chainVerifier } from '#proto/event-chain.ts';
import { sha256FromBytes, sha256Of, sha256ToBytes } from '#proto/sha256.ts';
import type { Sql } from '../connect.ts';
import { type Tx, transaction } from '../transaction.ts';
import { readPayload, readRunEvents, type StoredRunEvent } from './run-events.ts';
import { type RunProjection, runProjector } from './run-projection.ts';
import { runSummaryMessage } from './run-summary.ts';
import { lockRun, type RunRow, readRun } from './runs.ts';

/** Raised when the meaning of a projected field changes; a checkpoint of another version is drift. */
export const RUN_PROJECTION_VERSION = 'run_summary.v1';
const PROJECTION = 'run_summary';
const PAGE_EVENTS = 500;
const RUN_RECEIPT_SCHEMA = 'openagents.run.receipt.v1';

export interface Rebuilt {
  run_id: string;
  last_seq: bigint;
  /** What the row claimed before. */
  found_seq: bigint;
  projection_hash: string;
  /** The fields that differed from the log and were repaired. */
  drifted: string[];
}

/** The log of a run does not verify: nothing can be rebuilt from it. */
export class BrokenLogError extends Error {
  override readonly name = 'BrokenLogError';
}

/** Replays the log of a run over its row. Undefined where there is no run. Throws BrokenLogError. */
export async function rebuildRun(sql: Sql, runId: string): Promise<Rebuilt | undefined> {
  return transaction(sql, async (tx) => {
    const before = await lockRun(tx, runId);
    if (before === undefined) return undefined;
    const projection = await replay(tx, runId);
    const receiptId = await readReceiptId(tx, runId);
    await writeProjection(tx, runId, projection, receiptId);
    const after = await readRun(tx, runId);
    if (after === undefined) throw new Error(`run ${runId} vanished under its lock`);
    const projection_hash = runSummaryMessage(after).projection_hash;
    await tx`
      insert into runtime.projection_checkpoints
        (projection, entity_id, projection_version, last_seq, projection_hash)
      values (${PROJECTION}, ${runId}, ${RUN_PROJECTION_VERSION}, ${after.latest_seq},
        runtime.run_projection_hash((select r from runtime.runs r where r.run_id = ${runId})))
      on conflict (projection, entity_id) do update set projection_version = excluded.projection_version,
        last_seq = excluded.last_seq, projection_hash = excluded.projection_hash,
        projected_at = clock_timestamp()`;
    return {
      run_id: runId,
      last_seq: after.latest_seq,
      found_seq: before.latest_seq,
      projection_hash,
      drifted: differences(before, after),
    };
  });
}

async function replay(tx: Tx, runId: string): Promise<RunProjection> {
  const projector = runProjector();
  const verifier = chainVerifier(runId);
  for await (const event of wholeLog(tx, runId)) {
    const check = verifier.next({ ...event, run_id: runId });
    if (!check.ok) throw new BrokenLogError(`run ${runId}, seq ${check.seq}: ${check.reason}`);
    if (sha256Of(event.payload) !== event.payload_hash) {
      throw new BrokenLogError(
        `run ${runId}, seq ${event.seq}: the payload does not match its hash`,
      );
    }
    projector.apply({ ...event, payload: readPayload(event.payload) });
  }
  return projector.projection();
}

/** To its end, whatever head the row claims: the head is part of what is rebuilt. */
async function* wholeLog(tx: Tx, runId: string): AsyncGenerator<StoredRunEvent, void, undefined> {
  let afterSeq = 0n;
  for (;;) {
    const page = await readRunEvents(tx, runId, { afterSeq, limit: PAGE_EVENTS });
    const last = page?.events.at(-1);
    if (page === undefined || last === undefined) return;
    yield* page.events;
    afterSeq = last.seq;
  }
}

async function readReceiptId(tx: Tx, runId: string): Promise<string | null> {
  const [row] = await tx<{ receipt_id: string }[]>`
    select receipt_id from runtime.receipts
    where run_id = ${runId} and schema = ${RUN_RECEIPT_SCHEMA}`;
  return row?.receipt_id ?? null;
}

async function writeProjection(
  tx: Tx,
  runId: string,
  log: RunProjection,
  receiptId: string | null,
): Promise<void> {
  const verdict = log.verdict === null ? null : tx.json({ ...log.verdict });
  await tx`
    update runtime.runs set
      status = ${log.status}, phase = ${log.phase}, worker_id = ${log.worker_id},
      turns = ${log.turns}, recoveries = ${log.recoveries}, verdict = ${verdict},
      terminal_reason_class = ${log.terminal_reason_class}, terminal_reason = ${log.terminal_reason},
      receipt_id = ${receiptId}, latest_seq = ${log.latest_seq},
      last_event_hash = ${sha256ToBytes(log.last_event_hash)},
      trajectory_hash = ${log.trajectory_hash === null ? null : sha256ToBytes(log.trajectory_hash)},
      started_at = ${log.started_at}, terminal_at = ${log.terminal_at},
      updated_at = coalesce(${log.updated_at}, created_at)
    where run_id = ${runId}`;
}

function differences(before: RunRow, after: RunRow): string[] {
  const fields = Object.keys(after) as (keyof RunRow)[];
  return fields.filter((field) => comparable(before[field]) !== comparable(after[field]));
}

function comparable(value: RunRow[keyof RunRow]): string {
  if (value instanceof Uint8Array) return sha256FromBytes(value);
  if (value instanceof Date) return value.toISOString();
  return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
}
