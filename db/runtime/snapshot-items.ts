/**
 * What a topic's snapshot holds: the newest state of each document that the topic has told of, read from the read models
 * that the same transactions write.
 */
import type { JsonValue } from '#proto/canonical.ts';
import { redactJson } from '#proto/redact.ts';
import type { ParsedTopic, TopicClass } from '#proto/topics.ts';
import type { Queryable } from '../transaction.ts';
import { approvalRequest } from './approval-request.ts';
import type { ApprovalRow } from './approvals.ts';
import { storedForm } from './step.ts';
import { type WorkerRow, workerMessage } from './workers.ts';

/** As the journal carries it: `payload` is canonical JSON. */
export interface SnapshotItem {
  doc_key: string;
  doc_version: bigint;
  kind: string;
  payload: Uint8Array;
}

export interface SnapshotItems {
  items: SnapshotItem[];
  /** Documents beyond the bound, which nobody follows any more: they stand in the paged lists. */
  omitted: number;
}

type Owned = Pick<ParsedTopic, 'entity' | 'id'>;
type ReadItems = (sql: Queryable, topic: Owned, nowMs: number) => Promise<SnapshotItems>;

/** Of a list that people look at: what can still change, and as many of the newest. Some megabytes, built in a second. */
export const SNAPSHOT_ITEMS_MAX = 5_000;

const READ_ITEMS: Partial<Record<TopicClass, ReadItems>> = {
  run_summaries: readRuns,
  codex_worker_summaries: readWorkers,
  notifications: readQuestions,
};

/** Classes whose snapshot this build writes; those of other planes come with them. */
export const SNAPSHOT_CLASSES = Object.keys(READ_ITEMS) as readonly TopicClass[];

export function itemsReader(topicClass: TopicClass): ReadItems | undefined {
  return READ_ITEMS[topicClass];
}

async function readRuns(sql: Queryable, topic: Owned): Promise<SnapshotItems> {
  const owned = sql`${sql(ownerColumn(topic))} = ${topic.id} and latest_seq > 0`;
  const rows = await sql<(SnapshotItem & { total: number })[]>`
    with chosen as (
      (select run_id from runtime.runs where ${owned} and status in ('created', 'running', 'canceling')
        limit ${SNAPSHOT_ITEMS_MAX})
      union
      (select run_id from runtime.runs where ${owned}
        order by created_at desc nulls first, run_id desc nulls first limit ${SNAPSHOT_ITEMS_MAX})
    )
    select r.run_id as doc_key, r.latest_seq as doc_version, 'run.summary' as kind,
      runtime.run_summary(r) as payload,
      (select count(*)::int4 from runtime.runs where ${owned}) as total
    from runtime.runs r join chosen using (run_id) order by r.run_id collate "C"`;
  return {
    items: rows.map(({ total: _, ...item }) => item),
    omitted: (rows[0]?.total ?? 0) - rows.length,
  };
}

async function readWorkers(sql: Queryable, topic: Owned, nowMs: number): Promise<SnapshotItems> {
  const shown = topic.entity === 'org' ? sql`and shared_with_org` : sql``;
  const rows = await sql<WorkerRow[]>`
    select * from runtime.workers where ${sql(ownerColumn(topic))} = ${topic.id} ${shown}
    order by updated_at desc, worker_id desc limit ${SNAPSHOT_ITEMS_MAX + 1}`;
  return bounded(rows, (row) => ({
    doc_key: `worker:${row.worker_id}`,
    doc_version: row.latest_seq,
    kind: 'worker.summary',
    payload: stored(workerMessage(row, nowMs) as unknown as JsonValue),
  }));
}

/** What waits for an answer of this person. Notifications have no versions: what comes later is told by its seq. */
async function readQuestions(sql: Queryable, topic: Owned): Promise<SnapshotItems> {
  const rows = await sql<ApprovalRow[]>`
    select a.* from runtime.approvals a join runtime.runs r using (run_id)
    where a.state = 'requested' and r.user_id = ${topic.id}
    order by a.requested_at desc, a.approval_id desc limit ${SNAPSHOT_ITEMS_MAX + 1}`;
  return bounded(rows, (row) => ({
    doc_key: row.approval_id,
    doc_version: 0n,
    kind: 'approval.requested',
    payload: stored({ run_id: row.run_id, ...approvalRequest(row) }),
  }));
}

function bounded<R>(rows: readonly R[], itemOf: (row: R) => SnapshotItem): SnapshotItems {
  const items = rows.slice(0, SNAPSHOT_ITEMS_MAX).map(itemOf);
  items.sort((a, b) => (a.doc_key < b.doc_key ? -1 : 1));
  return { items, omitted: rows.length - items.length };
}

function ownerColumn({ entity }: Owned): 'user_id' | 'org_id' {
  return entity === 'org' ? 'org_id' : 'user_id';
}

function stored(payload: JsonValue): Uint8Array {
  return storedForm(payload, '$.payload', redactJson).payload;
}
