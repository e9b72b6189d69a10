/** A question of an agent or about a patch: asked, or answered at once by policy or by an earlier answer. */
import { approvalRequest, subjectText } from '#db/runtime/approval-request.ts';
import {
  type ApprovalRow,
  askApproval,
  findApproval,
  findThreadGrant,
  offerApproval,
  resolveApproval,
  supersedeApprovals,
} from '#db/runtime/approvals.ts';
import { lockRun, type RunRow } from '#db/runtime/runs.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RequestedApproval, TopicPosition } from '#workflows/run/messages.ts';
import type { PolicyDecision } from '#workflows/run/policy.ts';
import type { RecordedStep, RequestApprovalInput, RunActivities } from '#workflows/run/ports.ts';
import { derivedId } from '../../shared/derived-id.ts';
import type { RuntimeActivityDeps } from '../deps.ts';
import { asJson, phaseChanged, policyDecided, recorded, withCommandReceipt } from '../events.ts';
import { notifyOwner } from '../notify.ts';
import { approvalResolved, approvalSuperseded } from './approval-events.ts';

export function createRequestApproval(deps: RuntimeActivityDeps): RunActivities['requestApproval'] {
  return async function requestApproval(input) {
    const { run_id } = input;
    return transaction(deps.sql, async (tx) => {
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const approval_id = input.offered?.approval_id ?? (await offerPatch(deps, tx, input));
      const { decision, granted_by } = await rulingOf(tx, run, input);
      const ruling = {
        approval_id,
        policy: asJson(decision),
        on_timeout: input.on_timeout,
        expires_at: new Date(deps.now() + input.timeout_ms),
      };
      const asked = await askApproval(tx, ruling);
      if (!asked) return takenUpBefore(tx, input, approval_id);
      if (decision.decision !== 'ask') {
        return answerAtOnce(deps, tx, run, asked, { decision, granted_by, input });
      }
      return ask(deps, tx, run, asked, input);
    });
  };
}

/** A question that the platform has about a patch: one of a kind per turn. */
async function offerPatch(
  { now }: RuntimeActivityDeps,
  tx: Tx,
  { run_id, kind, turn, found, reason, rule_key, timeout_ms }: RequestApprovalInput,
): Promise<string> {
  const approval_id = derivedId('approval', run_id, kind, turn);
  await offerApproval(tx, {
    approval_id,
    run_id,
    kind,
    subject: { found, text: found.join('\n') },
    reason,
    scopes: ['once', 'run', 'session'],
    rule_key,
    expires_at: new Date(now() + timeout_ms),
  });
  return approval_id;
}

/** What the workflow decided, unless an answer in an earlier run of the thread covers it. */
async function rulingOf(
  tx: Tx,
  run: RunRow,
  { decision, granted, rule_key }: RequestApprovalInput,
): Promise<{ decision: PolicyDecision; granted_by: string }> {
  if (decision.decision !== 'ask' || rule_key === '') return { decision, granted_by: '' };
  const grant = await findThreadGrant(tx, { thread_id: run.thread_id, rule_key });
  return grant
    ? { decision: granted, granted_by: grant.approval_id }
    : { decision, granted_by: '' };
}

async function takenUpBefore(
  tx: Tx,
  input: RequestApprovalInput,
  approval_id: string,
): Promise<RequestedApproval> {
  const row = await findApproval(tx, approval_id);
  if (!row) throw new ProblemError('not_found', `approval ${approval_id} was withdrawn`);
  const state = row.state === 'offered' ? 'requested' : row.state;
  const repeated = { topic: '', seq: '0', positions: [] };
  const positions = await positionsFor(tx, input, repeated, true);
  return { approval_id, state, decision: row.decision, scope: row.scope, positions };
}

/** Of whoever asked over HTTP; a question of the platform's own answers nobody. */
async function positionsFor(
  tx: Tx,
  { command }: RequestApprovalInput,
  step: RecordedStep,
  isRepeated: boolean,
): Promise<TopicPosition[]> {
  return command ? (await withCommandReceipt(tx, command, step, isRepeated)).positions : [];
}

async function ask(
  { journal }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  asked: ApprovalRow,
  input: RequestApprovalInput,
): Promise<RequestedApproval> {
  const { approval_id, reason, scopes, turn } = asked;
  const request = approvalRequest(asked);
  const superseded = await supersedeApprovals(tx, run.run_id, input.superseded);
  const step = await journal.appendIn(tx, {
    run_id: run.run_id,
    origin: 'platform',
    events: [
      ...superseded.map((id) => approvalSuperseded(id, 'the agent was started anew')),
      policyDecided(input.decision, `approval:${approval_id}`),
      phaseChanged('awaiting_approval', reason, `approval:${approval_id}`),
      {
        event_type: 'approval.requested',
        idempotency_key: `approval:${approval_id}:requested`,
        payload: { ...request, turn, scopes },
      },
    ],
    patch: { phase: 'awaiting_approval' },
  });
  await notifyOwner(tx, journal, run, 'approval.requested', [request]);
  const positions = await positionsFor(tx, input, recorded(step), false);
  return { approval_id, state: 'requested', decision: null, scope: null, positions };
}

/** Policy or an earlier answer decides; nobody is asked. */
async function answerAtOnce(
  { journal }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  asked: ApprovalRow,
  by: { decision: PolicyDecision; granted_by: string; input: RequestApprovalInput },
): Promise<RequestedApproval> {
  const { approval_id } = asked;
  const approves = by.decision.decision === 'allow';
  const granted_by = by.granted_by || by.input.granted_by;
  const answer = {
    approval_id,
    state: approves ? ('approved' as const) : ('denied' as const),
    decision: approves ? ('approve' as const) : ('deny' as const),
    scope: 'once' as const,
    resolved_by: granted_by ? `grant:${granted_by}` : 'policy',
    resolution_reason: by.decision.explanation,
  };
  await resolveApproval(tx, answer);
  const superseded = await supersedeApprovals(tx, run.run_id, by.input.superseded);
  const goes_on = by.input.goes_on && superseded.length > 0;
  const step = await journal.appendIn(tx, {
    run_id: run.run_id,
    origin: 'platform',
    events: [
      ...superseded.map((id) => approvalSuperseded(id, 'the agent was started anew')),
      policyDecided(by.decision, `approval:${approval_id}`),
      approvalResolved({
        ...answer,
        reason: answer.resolution_reason,
        kind: asked.kind,
        subject: subjectText(asked),
      }),
      ...(goes_on ? [phaseChanged('executing', 'nothing waits', `answered:${approval_id}`)] : []),
    ],
    ...(goes_on && { patch: { phase: 'executing' as const } }),
  });
  const positions = await positionsFor(tx, by.input, recorded(step), false);
  return { approval_id, state: answer.state, decision: answer.decision, scope: 'once', positions };
}
