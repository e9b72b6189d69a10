/**
 * An agent's question, on its way to the run's workflow.
 *
 * 1. What it asks is stored before the workflow hears of it, so that the history holds ids and no content; what the
 *    workflow does not take up is taken back.
 * 2. An agent that asks for ever is refused here, before it costs the workflow anything.
 */
import { derivedId } from '#activities/shared/derived-id.ts';
import { countApprovals, offerApproval, type Scope, withdrawOffer } from '#db/runtime/approvals.ts';
import { findOpenTurn } from '#db/runtime/dispatch.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RequestApprovalRequest } from '#proto/gen/types.ts';
import { APPROVALS_PER_TURN_MAX, APPROVALS_WAITING_MAX } from '#workflows/run/limits.ts';
import type { AgentApprovalKind } from '#workflows/run/policy.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import { DEFAULT_RUN_TIMINGS } from '#workflows/run/timings.ts';
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { heldRun, runClosed, runIdOf } from '../runs/run-access.ts';
import { withoutSecrets } from '../without-secrets.ts';

const AGENT_KINDS: readonly string[] = [
  'command_execution',
  'file_change',
  'permissions',
  'tool_input',
  'other',
] satisfies readonly AgentApprovalKind[];

export function requestApproval(deps: RuntimeDeps): RuntimeHandler<'runtime.run.approval.request'> {
  return async function requestApproval({ body, params, caller, command }) {
    const person = requirePerson(caller);
    const run = await heldRun(deps.sql, person, runIdOf(params));
    const kind = agentKind(body.kind);
    const { request_id, approval_key } = body;
    const generation = generationOf(approval_key);
    const turn = await turnOf(deps, person, { run_id: run.run_id, request_id });
    if (isTerminalStatus(run.status)) throw runClosed(run.status);
    const approval_id = derivedId('approval', run.run_id, request_id, approval_key);
    const scopes = scopesOf(body);
    const { rule_key } = body;
    await transaction(deps.sql, async (tx) => {
      const isNew = await offerApproval(tx, {
        approval_id,
        run_id: run.run_id,
        kind,
        ...withoutSecrets({ subject: body.subject ?? {}, reason: body.reason }),
        scopes,
        rule_key,
        request_id,
        worker_id: turn.worker_id,
        turn: turn.turn,
        approval_key,
        generation,
        // Until the workflow says when.
        expires_at: new Date(deps.now() + DEFAULT_RUN_TIMINGS.approval_timeout_ms),
      });
      if (isNew) assertWithinLimits(await countApprovals(tx, { request_id, generation }));
    });
    const asked = await deps.workflows
      .requestApproval(run.run_id, {
        approval_id,
        request_id,
        kind,
        scopes,
        rule_key,
        generation,
        command: command.context,
      })
      .catch(async (error: unknown) => {
        // Invariant 1; what may have been taken up stays, and the same key finds it.
        if (error instanceof ProblemError && !error.retryable) {
          await withdrawOffer(deps.sql, approval_id);
        }
        throw error;
      });
    const { state, decision, scope, positions } = asked;
    return {
      data: { approval_id, state, decision: decision ?? '', scope: scope ?? '' },
      positions,
    };
  };
}

/** Which start of the agent asks; without a mark there is but one. */
function generationOf(approvalKey: string): string {
  const at = approvalKey.indexOf('/');
  return at < 0 ? '' : approvalKey.slice(0, at);
}

/** This question is counted already. @throws ProblemError limit_exceeded */
function assertWithinLimits({ asked, waiting }: { asked: number; waiting: number }): void {
  if (asked > APPROVALS_PER_TURN_MAX) {
    const most = `An agent asks ${APPROVALS_PER_TURN_MAX} times in a turn`;
    throw new ProblemError('limit_exceeded', `${most}; this one was not asked.`);
  }
  if (waiting > APPROVALS_WAITING_MAX) {
    const most = `${APPROVALS_WAITING_MAX} approvals of a run wait at once`;
    throw new ProblemError('limit_exceeded', `${most}; answer one of them first.`);
  }
}

function agentKind(kind: string): AgentApprovalKind {
  const known = AGENT_KINDS.includes(kind);
  if (known) return kind as AgentApprovalKind;
  throw new ProblemError('invalid_request', 'An agent cannot ask for this.', {
    faults: [{ path: '$.kind', reason: `must be one of ${AGENT_KINDS.join(', ')}` }],
  });
}

/** Without a rule there is nothing that a wider answer could cover. */
function scopesOf({ scopes, rule_key }: RequestApprovalRequest): Scope[] {
  const wider = scopes.filter((scope): scope is Scope => scope !== '' && scope !== 'once');
  return rule_key === '' ? ['once'] : ['once', ...new Set(wider)];
}

/** The turn under way in which is asked, at a worker of the caller. @throws ProblemError not_found, conflict */
async function turnOf(
  { sql }: RuntimeDeps,
  { user_id }: Person,
  key: { run_id: string; request_id: string },
): Promise<{ worker_id: string; turn: number }> {
  const turn = await findOpenTurn(sql, key);
  if (turn?.user_id !== user_id) throw new ProblemError('not_found', 'No such turn.');
  if (turn.state === 'pending') return turn;
  throw new ProblemError('conflict', 'The turn has ended; nobody is asked any more.');
}
