import type { JsonValue, Sha256 } from '#proto/canonical.ts';
import type {
  ArtifactRef,
  Run,
  RunPhase,
  RunSpec,
  RunStatus,
  TerminalReasonClass,
  Verdict,
  WorkUnitKind,
} from '#proto/gen/types.ts';
import type { OrgId, RunId, ThreadId, UserId } from '#proto/ids.ts';
import { sha256FromBytes, sha256ToBytes } from '#proto/sha256.ts';
import type { Queryable, Tx } from '../transaction.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

/** A run belongs to exactly one user or guest. */
export type RunOwner = { user_id: UserId } | { guest_scope: string };

export interface NewRun {
  run_id: RunId;
  owner: RunOwner;
  org_id: OrgId | null;
  thread_id: ThreadId;
  spec: RunSpec;
  objective_hash: Sha256;
  policy_bundle_id: string | null;
  create_fingerprint: string | null;
  created_at_ms: number;
}

/** Who asks: the owner, or a member of the organisation that the run belongs to. */
export interface RunViewer {
  user_id: string;
  org_id?: string;
}

export interface RunRow {
  run_id: RunId;
  topic_id: bigint;
  thread_id: string;
  user_id: string | null;
  guest_scope: string | null;
  org_id: string | null;
  status: Exclude<RunStatus, ''>;
  phase: RunPhase;
  objective: string;
  objective_hash: Uint8Array;
  work_unit: Exclude<WorkUnitKind, ''>;
  spec: RunSpec;
  policy_bundle_id: string | null;
  worker_id: string | null;
  latest_seq: bigint;
  last_event_hash: Uint8Array;
  event_count: bigint;
  terminal_reason_class: TerminalReasonClass;
  terminal_reason: string;
  verdict: Verdict | null;
  receipt_id: string | null;
  trajectory_hash: Uint8Array | null;
  patch: ArtifactRef | null;
  replay: ArtifactRef | null;
  bundle: ArtifactRef | null;
  turns: number;
  recoveries: number;
  create_fingerprint: string | null;
  created_at: Date;
  started_at: Date | null;
  terminal_at: Date | null;
  updated_at: Date;
}

/** True when the row is new; false when the run exists already, so that a retried create changes nothing. */
export async function insertRun(tx: Tx, run: NewRun): Promise<boolean> {
  const createdAt = new Date(run.created_at_ms);
  const rows = await tx`
    insert into runtime.runs (run_id, thread_id, user_id, guest_scope, org_id, objective, objective_hash,
      work_unit, spec, policy_bundle_id, create_fingerprint, created_at, updated_at)
    select ${run.run_id}, ${run.thread_id},
      ${'user_id' in run.owner ? run.owner.user_id : null},
      ${'guest_scope' in run.owner ? run.owner.guest_scope : null},
      ${run.org_id}, ${run.spec.objective}, ${sha256ToBytes(run.objective_hash)}, ${run.spec.work_unit},
      ${tx.json(run.spec as unknown as JsonObjectOf<RunSpec>)}, ${run.policy_bundle_id},
      ${run.create_fingerprint}, ${createdAt}, ${createdAt}
    where not exists (select from runtime.runs where run_id = ${run.run_id})
    on conflict (run_id) do nothing
    returning run_id`;
  return rows.length === 1;
}

/** The run whoever owns it: for the platform's own steps. */
export async function readRun(sql: Queryable, runId: string): Promise<RunRow | undefined> {
  const [row] = await sql<RunRow[]>`select * from runtime.runs where run_id = ${runId}`;
  return row;
}

/** Locks the run until the transaction ends; then its head cannot move between reading it and `appendIn`. */
export async function lockRun(tx: Tx, runId: string): Promise<RunRow | undefined> {
  const [row] = await tx<RunRow[]>`
    select * from runtime.runs where run_id = ${runId} for update`;
  return row;
}

/** Undefined for another owner's run as for none: its existence is nobody else's business. */
export async function readRunFor(
  sql: Queryable,
  runId: string,
  viewer: RunViewer,
): Promise<RunRow | undefined> {
  const [row] = await sql<RunRow[]>`
    select * from runtime.runs
    where run_id = ${runId} and (user_id = ${viewer.user_id} or org_id = ${viewer.org_id ?? null})`;
  return row;
}

export interface RunFilter {
  /** Given: the organisation's runs instead of the viewer's own. The caller has checked the membership. */
  org_id?: string;
  status?: string;
  phase?: string;
  work_unit?: string;
  thread_id?: string;
  worker_id?: string;
}

export interface PageRequest {
  limit: number;
  cursor?: string;
}

export interface RunPage {
  runs: RunRow[];
  /** Empty on the last page. */
  next_cursor: string;
}

/** Newest first. Throws ProblemError invalid_request for a cursor that is none. */
export async function listRuns(
  sql: Queryable,
  viewer: RunViewer,
  filter: RunFilter,
  page: PageRequest,
): Promise<RunPage> {
  const after = page.cursor ? decodeCursor(page.cursor) : undefined;
  const owned =
    filter.org_id === undefined
      ? sql`user_id = ${viewer.user_id}`
      : sql`org_id = ${filter.org_id} and org_id = ${viewer.org_id ?? null}`;
  const rows = await sql<RunRow[]>`
    select * from runtime.runs
    where ${owned}
    ${filter.status ? sql`and status = ${filter.status}` : sql``}
    ${filter.phase ? sql`and phase = ${filter.phase}` : sql``}
    ${filter.work_unit ? sql`and work_unit = ${filter.work_unit}` : sql``}
    ${filter.thread_id ? sql`and thread_id = ${filter.thread_id}` : sql``}
    ${filter.worker_id ? sql`and worker_id = ${filter.worker_id}` : sql``}
    ${after ? sql`and (created_at, run_id) < (${new Date(after.createdAtMs)}, ${after.id})` : sql``}
    order by created_at desc, run_id desc
    limit ${page.limit + 1}`;
  const runs = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? runs.at(-1) : undefined;
  return {
    runs,
    next_cursor: last
      ? encodeCursor({ createdAtMs: last.created_at.getTime(), id: last.run_id })
      : '',
  };
}

/** The JSON form of openagents.runtime.v1.Run. */
export function runMessage(row: RunRow, historyUrl: string): Run {
  return {
    run_id: row.run_id,
    thread_id: row.thread_id,
    status: row.status,
    phase: row.phase,
    user_id: row.user_id ?? '',
    guest_scope: row.guest_scope ?? '',
    org_id: row.org_id ?? '',
    objective: row.objective,
    objective_hash: sha256FromBytes(row.objective_hash),
    work_unit: row.work_unit,
    worker_id: row.worker_id ?? '',
    latest_seq: row.latest_seq.toString(),
    terminal_reason_class: row.terminal_reason_class,
    terminal_reason: row.terminal_reason,
    ...(row.verdict && { verdict: row.verdict }),
    receipt_id: row.receipt_id ?? '',
    trajectory_hash: row.trajectory_hash ? sha256FromBytes(row.trajectory_hash) : '',
    ...(row.patch && { patch: row.patch }),
    ...(row.replay && { replay: row.replay }),
    ...(row.bundle && { bundle: row.bundle }),
    turns: row.turns,
    recoveries: row.recoveries,
    created_at: row.created_at.toISOString(),
    ...(row.started_at && { started_at: row.started_at.toISOString() }),
    ...(row.terminal_at && { terminal_at: row.terminal_at.toISOString() }),
    updated_at: row.updated_at.toISOString(),
    spec: row.spec,
    history_url: historyUrl,
  };
}

/** An interface has no index signature, which postgres.js asks of JSON; every field of the message is one. */
type JsonObjectOf<T> = { [K in keyof T]: JsonValue };
