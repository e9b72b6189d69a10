/** Approvals as people are shown them, over all runs. */
import type { Approval } from '#proto/gen/types.ts';
import { formatTime } from '#proto/time.ts';
import type { Queryable } from '../transaction.ts';
import type { ApprovalRow, ApprovalState } from './approvals.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';
import type { RunViewer } from './runs.ts';

type ListedRow = ApprovalRow & { thread_id: string; objective: string };

export interface ApprovalFilter {
  /** Only of this run, which the caller has checked. */
  run_id?: string;
  state?: string;
}

/** Newest first, of runs that the viewer may see. Throws ProblemError invalid_request for a cursor that is none. */
export async function listApprovals(
  sql: Queryable,
  viewer: RunViewer,
  filter: ApprovalFilter,
  page: { limit: number; cursor?: string },
): Promise<{ approvals: Approval[]; next_cursor: string }> {
  const after = page.cursor ? decodeCursor(page.cursor) : undefined;
  const rows = await sql<ListedRow[]>`
    select a.*, r.thread_id, left(r.objective, ${OBJECTIVE_CHARACTERS}) as objective
    from runtime.approvals a join runtime.runs r using (run_id)
    where a.state <> 'offered'
      and (r.user_id = ${viewer.user_id} or r.org_id = ${viewer.org_id ?? null})
      ${filter.run_id ? sql`and a.run_id = ${filter.run_id}` : sql``}
      ${filter.state ? sql`and a.state = ${filter.state}` : sql``}
      ${after ? sql`and (a.requested_at, a.approval_id) < (${new Date(after.createdAtMs)}, ${after.id})` : sql``}
    order by a.requested_at desc, a.approval_id desc
    limit ${page.limit + 1}`;
  const listed = rows.slice(0, page.limit);
  const last = rows.length > page.limit ? listed.at(-1) : undefined;
  return {
    approvals: listed.map(approvalMessage),
    next_cursor: last
      ? encodeCursor({ createdAtMs: last.requested_at.getTime(), id: last.approval_id })
      : '',
  };
}

/** A list names a run by the beginning of what it is for. */
const OBJECTIVE_CHARACTERS = 200;

function approvalMessage(row: ListedRow): Approval {
  const { policy } = row;
  const text = (name: string) => {
    const value = policy[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    approval_id: row.approval_id,
    run_id: row.run_id,
    thread_id: row.thread_id,
    kind: row.kind,
    subject: row.subject,
    reason: row.reason,
    // Offers are never read.
    state: row.state as Exclude<ApprovalState, 'offered'>,
    policy: {
      decision: text('decision'),
      reason_code: text('reason_code'),
      policy_bundle_id: text('policy_bundle_id'),
      evaluation_hash: text('evaluation_hash'),
      explanation: text('explanation'),
    },
    on_timeout: row.on_timeout,
    requested_at: formatTime(row.requested_at.getTime()),
    expires_at: formatTime(row.expires_at.getTime()),
    scopes: row.scopes,
    decision: row.decision ?? '',
    scope: row.scope ?? '',
    resolved_by: row.resolved_by ?? '',
    resolution_reason: row.resolution_reason ?? '',
    ...(row.resolved_at && { resolved_at: formatTime(row.resolved_at.getTime()) }),
    turn: row.turn,
    worker_id: row.worker_id ?? '',
    request_id: row.request_id ?? '',
    objective: row.objective,
  };
}
