/**
 * What happens to a worker, on its topic and in its own log.
 *
 * 1. The caller holds the worker's row lock, so a worker's events have one order.
 * 2. The log's seq is the topic's seq, taken in the same transaction.
 * 3. Log and topic hold the same bytes: unstorable text replaced, secrets redacted.
 * 4. An idempotency key has one event; the same key with another payload is a conflict.
 */
import type { JsonObject, JsonValue } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import type { TopicPosition, WorkerEvent } from '#proto/gen/types.ts';
import { parseId } from '#proto/ids.ts';
import { redactJson } from '#proto/redact.ts';
import { sha256Of, sha256ToBytes } from '#proto/sha256.ts';
import { formatTime } from '#proto/time.ts';
import { topics } from '#proto/topics.ts';
import type { Queryable, Tx } from '../transaction.ts';
import type { Journal } from './journal.ts';
import { storedForm } from './step.ts';
import type { WorkerRow } from './workers.ts';
import { workerMessage } from './workers.ts';

export interface WorkerEventDraft {
  event_type: string;
  payload: JsonObject;
  idempotency_key?: string | undefined;
}

export interface AppendedWorkerEvent {
  seq: bigint;
  recorded_at: Date;
  replayed: boolean;
  positions: TopicPosition[];
}

type Publisher = Pick<Journal, 'publishIn'>;

/** Appends one event of a worker whose row is locked. @throws ProblemError idempotency_conflict */
export async function appendWorkerEvent(
  tx: Tx,
  journal: Publisher,
  worker: WorkerRow,
  draft: WorkerEventDraft,
): Promise<AppendedWorkerEvent> {
  const { payload } = storedForm(draft.payload, '$.payload', redactJson);
  const payloadSha256 = sha256ToBytes(sha256Of(payload));
  const known = await knownEvent(tx, worker.worker_id, draft.idempotency_key);
  if (known) {
    if (Buffer.compare(known.payload_sha256, payloadSha256) !== 0) {
      throw new ProblemError('idempotency_conflict', 'This key has another worker event.');
    }
    return { seq: known.seq, recorded_at: known.recorded_at, replayed: true, positions: [] };
  }

  const topic = topics.workerEvents(parseId('worker', worker.worker_id));
  const positions = await journal.publishIn(tx, [
    {
      topic,
      class: 'codex_worker_events',
      owner: ownerOf(worker),
      kind: draft.event_type,
      payload: draft.payload,
    },
  ]);
  const seq = positionOn(positions, topic);
  const [row] = await tx<{ recorded_at: Date }[]>`
    with moved as (
      update runtime.workers set latest_seq = ${seq} where worker_id = ${worker.worker_id}
    )
    insert into runtime.worker_events (worker_id, seq, event_type, payload, payload_sha256, idempotency_key)
    values (${worker.worker_id}, ${seq}, ${draft.event_type}, ${payload}, ${payloadSha256},
      ${draft.idempotency_key || null})
    returning recorded_at`;
  if (!row) throw new Error('an insert returned no row');
  return { seq, recorded_at: row.recorded_at, replayed: false, positions: wire(positions) };
}

/** Publishes the worker's summary to those who list workers: on changes of its life, never on a heartbeat. */
export async function publishWorkerSummary(
  tx: Tx,
  journal: Publisher,
  worker: WorkerRow,
  nowMs: number,
): Promise<TopicPosition[]> {
  const row = {
    class: 'codex_worker_summaries' as const,
    owner: ownerOf(worker),
    kind: 'worker.summary',
    payload: workerMessage(worker, nowMs) as unknown as JsonValue,
    doc_key: `worker:${worker.worker_id}`,
    doc_version: worker.latest_seq,
  };
  const watched = [
    ...(worker.user_id ? [topics.userWorkers(parseId('user', worker.user_id))] : []),
    ...(worker.org_id && worker.shared_with_org
      ? [topics.orgWorkers(parseId('org', worker.org_id))]
      : []),
  ];
  if (watched.length === 0) return [];
  return wire(
    await journal.publishIn(
      tx,
      watched.map((topic) => ({ ...row, topic })),
    ),
  );
}

export interface WorkerEventRow {
  seq: bigint;
  event_type: string;
  payload: Buffer;
  recorded_at: Date;
}

export async function listWorkerEvents(
  sql: Queryable,
  page: { worker_id: string; after: bigint; limit: number },
): Promise<WorkerEventRow[]> {
  return await sql<WorkerEventRow[]>`
    select seq, event_type, payload, recorded_at from runtime.worker_events
    where worker_id = ${page.worker_id} and seq > ${page.after} order by seq limit ${page.limit}`;
}

export function workerEventMessage(workerId: string, row: WorkerEventRow): WorkerEvent {
  return {
    worker_id: workerId,
    seq: String(row.seq),
    event_type: row.event_type,
    payload: JSON.parse(row.payload.toString('utf8')),
    recorded_at: formatTime(row.recorded_at.getTime()),
  };
}

async function knownEvent(tx: Tx, workerId: string, key: string | undefined) {
  if (!key) return undefined;
  const [row] = await tx<{ seq: bigint; payload_sha256: Buffer; recorded_at: Date }[]>`
    select seq, payload_sha256, recorded_at from runtime.worker_events
    where worker_id = ${workerId} and idempotency_key = ${key}`;
  return row;
}

function ownerOf(worker: WorkerRow) {
  return {
    ...(worker.user_id && { user_id: worker.user_id }),
    ...(worker.org_id && worker.shared_with_org && { org_id: worker.org_id }),
  };
}

function positionOn(positions: readonly { topic: string; seq: bigint }[], topic: string): bigint {
  const position = positions.find((candidate) => candidate.topic === topic);
  if (!position) throw new Error(`the journal answered no position on ${topic}`);
  return position.seq;
}

function wire(positions: readonly { topic: string; seq: bigint }[]): TopicPosition[] {
  return positions.map(({ topic, seq }) => ({ topic, seq: String(seq) }));
}
