/** What a run asked a person, and the answer. An approval is answered once. */
import type { JsonObject } from '#proto/canonical.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';
import { storedJson } from './stored-json.ts';

export type ApprovalState = 'requested' | 'approved' | 'denied' | 'expired' | 'superseded';

export interface ApprovalRow {
  approval_id: string;
  run_id: string;
  kind: string;
  subject: JsonObject;
  reason: string;
  state: ApprovalState;
  decision: 'approve' | 'deny' | null;
  scope: 'once' | 'run' | 'session' | null;
  resolved_by: string | null;
  resolution_reason: string | null;
  requested_at: Date;
  expires_at: Date;
  resolved_at: Date | null;
}

export type NewApproval = Pick<
  ApprovalRow,
  'approval_id' | 'run_id' | 'kind' | 'subject' | 'reason' | 'expires_at'
>;

/** False where it stands already. */
export async function insertApproval(tx: Tx, approval: NewApproval): Promise<boolean> {
  const { approval_id, run_id, kind, subject, reason, expires_at } = approval;
  const rows = await tx`
    insert into runtime.approvals (approval_id, run_id, kind, subject, reason, expires_at)
    values (${approval_id}, ${run_id}, ${kind}, ${storedJson(tx, subject)}, ${reason}, ${expires_at})
    on conflict (approval_id) do nothing returning 1`;
  return rows.length > 0;
}

export async function findApproval(
  sql: Sql | Tx,
  approvalId: string,
): Promise<ApprovalRow | undefined> {
  const [row] = await sql<ApprovalRow[]>`
    select * from runtime.approvals where approval_id = ${approvalId}`;
  return row;
}

/** Oldest first. */
export async function listRunApprovals(sql: Sql | Tx, runId: string): Promise<ApprovalRow[]> {
  return await sql<ApprovalRow[]>`
    select * from runtime.approvals where run_id = ${runId} order by requested_at, approval_id`;
}

export interface ApprovalAnswer {
  approval_id: string;
  state: Exclude<ApprovalState, 'requested' | 'superseded'>;
  decision: 'approve' | 'deny';
  scope: 'once' | 'run' | 'session';
  resolved_by: string;
  resolution_reason: string;
}

/** Answers an approval that waits; undefined where it does not (any more). */
export async function resolveApproval(
  tx: Tx,
  answer: ApprovalAnswer,
): Promise<ApprovalRow | undefined> {
  const [row] = await tx<ApprovalRow[]>`
    update runtime.approvals set state = ${answer.state}, decision = ${answer.decision},
      scope = ${answer.scope}, resolved_by = ${answer.resolved_by},
      resolution_reason = ${answer.resolution_reason}, resolved_at = clock_timestamp()
    where approval_id = ${answer.approval_id} and state = 'requested' returning *`;
  return row;
}

/** A run that ends takes its open questions with it; the ids of those it superseded. */
export async function supersedeApprovals(tx: Tx, runId: string): Promise<string[]> {
  const rows = await tx<{ approval_id: string }[]>`
    update runtime.approvals set state = 'superseded', resolved_at = clock_timestamp()
    where run_id = ${runId} and state = 'requested' returning approval_id`;
  return rows.map(({ approval_id }) => approval_id);
}
