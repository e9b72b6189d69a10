/**
 * What a run asked a person, and the answer.
 *
 * 1. An approval is answered once: every change looks at the state it comes from.
 * 2. `offered` is what the API stored and the run's workflow has not taken up; nobody is shown it.
 */
import type { JsonObject } from '#proto/canonical.ts';
import type { ApprovalKind, ApprovalScope } from '#proto/gen/types.ts';
import type { Queryable, Tx } from '../transaction.ts';
import { storedJson } from './stored-json.ts';

export type ApprovalState =
  | 'offered'
  | 'requested'
  | 'approved'
  | 'denied'
  | 'expired'
  | 'superseded';

export type Scope = Exclude<ApprovalScope, ''>;

export interface ApprovalRow {
  approval_id: string;
  run_id: string;
  kind: Exclude<ApprovalKind, ''>;
  subject: JsonObject;
  reason: string;
  state: ApprovalState;
  decision: 'approve' | 'deny' | null;
  scope: Scope | null;
  resolved_by: string | null;
  resolution_reason: string | null;
  requested_at: Date;
  expires_at: Date;
  resolved_at: Date | null;
  /** The turn in which an agent asked, and who holds it; null where the platform asks of a patch. */
  request_id: string | null;
  worker_id: string | null;
  turn: number;
  /** The driver's own id of the question. */
  approval_key: string;
  /** The host's name for the start of the agent that asked. */
  generation: string;
  scopes: Scope[];
  /** What a wider answer covers; empty: this question alone. */
  rule_key: string;
  policy: JsonObject;
  on_timeout: 'approve' | 'deny';
}

export type NewApproval = Pick<
  ApprovalRow,
  'approval_id' | 'run_id' | 'kind' | 'subject' | 'reason' | 'scopes' | 'rule_key'
> &
  Partial<
    Pick<ApprovalRow, 'request_id' | 'worker_id' | 'turn' | 'approval_key' | 'generation'>
  > & { expires_at: Date };

/** Stores a question that nobody is asked yet; false where it stands already. */
export async function offerApproval(tx: Tx, approval: NewApproval): Promise<boolean> {
  const { approval_id, run_id, kind, subject, reason, scopes, rule_key, expires_at } = approval;
  const rows = await tx`
    insert into runtime.approvals (approval_id, run_id, kind, subject, reason, state, expires_at, scopes,
      rule_key, request_id, worker_id, turn, approval_key, generation)
    values (${approval_id}, ${run_id}, ${kind}, ${storedJson(tx, subject)}, ${reason}, 'offered', ${expires_at},
      ${scopes}::text[], ${rule_key}, ${approval.request_id ?? null}, ${approval.worker_id ?? null},
      ${approval.turn ?? 0}, ${approval.approval_key ?? ''}, ${approval.generation ?? ''})
    on conflict (approval_id) do nothing returning 1`;
  return rows.length > 0;
}

/** Takes back what no workflow took up. */
export async function withdrawOffer(sql: Queryable, approvalId: string): Promise<void> {
  await sql`delete from runtime.approvals where approval_id = ${approvalId} and state = 'offered'`;
}

/** How many questions an agent has asked in one turn, and how many of this start of it wait. */
export async function countApprovals(
  sql: Queryable,
  turn: { request_id: string; generation: string },
): Promise<{ asked: number; waiting: number }> {
  const [row] = await sql<{ asked: number; waiting: number }[]>`
    select count(*)::int4 as asked, (count(*) filter (
      where state in ('offered', 'requested') and generation = ${turn.generation}))::int4 as waiting
    from runtime.approvals where request_id = ${turn.request_id}`;
  return row ?? { asked: 0, waiting: 0 };
}

export interface ApprovalRuling {
  approval_id: string;
  policy: JsonObject;
  on_timeout: 'approve' | 'deny';
  expires_at: Date;
}

/** Asks: from now on the approval waits for an answer. Undefined where it was taken up before. */
export async function askApproval(
  tx: Tx,
  ruling: ApprovalRuling,
): Promise<ApprovalRow | undefined> {
  const [row] = await tx<ApprovalRow[]>`
    update runtime.approvals set state = 'requested', policy = ${storedJson(tx, ruling.policy)},
      on_timeout = ${ruling.on_timeout}, requested_at = clock_timestamp(), expires_at = ${ruling.expires_at}
    where approval_id = ${ruling.approval_id} and state = 'offered' returning *`;
  return row;
}

export async function findApproval(
  sql: Queryable,
  approvalId: string,
): Promise<ApprovalRow | undefined> {
  const [row] = await sql<ApprovalRow[]>`
    select * from runtime.approvals where approval_id = ${approvalId} and state <> 'offered'`;
  return row;
}

/** What agents of this worker ask and nobody has answered, by run. */
export async function listApprovalsOfWorker(
  sql: Queryable,
  workerId: string,
  limit: number,
): Promise<{ run_id: string; approval_ids: string[] }[]> {
  return await sql<{ run_id: string; approval_ids: string[] }[]>`
    select a.run_id, array_agg(a.approval_id) as approval_ids
    from runtime.worker_requests q join runtime.approvals a using (request_id)
    where q.worker_id = ${workerId} and q.state = 'pending' and a.state in ('offered', 'requested')
    group by a.run_id limit ${limit}`;
}

/** All that was asked in a run, in the order of the answers; what waits comes last. */
export async function listRunApprovals(sql: Queryable, runId: string): Promise<ApprovalRow[]> {
  return await sql<ApprovalRow[]>`
    select * from runtime.approvals where run_id = ${runId} and state <> 'offered'
    order by resolved_at, requested_at, approval_id`;
}

export interface ApprovalAnswer {
  approval_id: string;
  state: 'approved' | 'denied' | 'expired';
  decision: 'approve' | 'deny';
  scope: Scope;
  resolved_by: string;
  resolution_reason: string;
}

/** Answers an approval that waits, or one that need not be asked; undefined where it is over already. */
export async function resolveApproval(
  tx: Tx,
  answer: ApprovalAnswer,
  from: 'requested' | 'offered' = 'requested',
): Promise<ApprovalRow | undefined> {
  const [row] = await tx<ApprovalRow[]>`
    update runtime.approvals set state = ${answer.state}, decision = ${answer.decision},
      scope = ${answer.scope}, resolved_by = ${answer.resolved_by},
      resolution_reason = ${answer.resolution_reason}, resolved_at = clock_timestamp()
    where approval_id = ${answer.approval_id} and state = ${from} returning *`;
  return row;
}

/** Ends questions that have lost their point, of a whole run or those named; the ids of those that waited. */
export async function supersedeApprovals(
  tx: Tx,
  runId: string,
  approvalIds?: readonly string[],
): Promise<string[]> {
  const rows = await tx<{ approval_id: string }[]>`
    update runtime.approvals set state = 'superseded', resolved_at = clock_timestamp()
    where run_id = ${runId} and state = 'requested'
      ${approvalIds ? tx`and approval_id = any (${[...approvalIds]}::text[])` : tx``}
    returning approval_id`;
  return rows.map(({ approval_id }) => approval_id).sort();
}

/** An answer of scope session covers its rule in every run of the thread; the first one stands. */
export async function grantForThread(
  tx: Tx,
  grant: { thread_id: string; rule_key: string; approval_id: string; granted_by: string },
): Promise<void> {
  await tx`
    insert into runtime.approval_grants (thread_id, rule_key, approval_id, granted_by)
    values (${grant.thread_id}, ${grant.rule_key}, ${grant.approval_id}, ${grant.granted_by})
    on conflict (thread_id, rule_key) do nothing`;
}

export async function findThreadGrant(
  tx: Tx,
  key: { thread_id: string; rule_key: string },
): Promise<{ approval_id: string } | undefined> {
  const [row] = await tx<{ approval_id: string }[]>`
    select approval_id from runtime.approval_grants
    where thread_id = ${key.thread_id} and rule_key = ${key.rule_key}`;
  return row;
}
