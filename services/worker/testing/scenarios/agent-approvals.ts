/** Questions that an agent asks in its turn, and everything that can become of them. */
import { derivedId } from '#activities/shared/derived-id.ts';
import { offerApproval } from '#db/runtime/approvals.ts';
import { transaction } from '#db/transaction.ts';
import {
  type ApprovalScope,
  type RequestedApproval,
  requestApprovalUpdate,
  resolveApprovalUpdate,
} from '#workflows/run/messages.ts';
import { policySet } from '#workflows/run/policy.ts';
import { commandContext, SHORT_TIMINGS, taskSpec } from '../runs.ts';
import { reaches, type Scenario, type Stage } from './stage.ts';

export const AGENT_APPROVAL_SCENARIOS: readonly Scenario[] = [
  {
    name: 'agent-approved',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      const { approval_id } = await asks('0/1');
      await reaches(stage, 'awaiting_approval');
      await answer(stage, approval_id, 'approve');
      const told = await stage.agent.request('approval/resolve');
      await stage.agent.answer(told, { ok: true, response: {} });
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approvals-several-at-once',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      const asked = await Promise.all([asks('0/1'), asks('0/2'), asks('0/3')]);
      await Promise.all(
        asked.map(({ approval_id }, index) =>
          answer(stage, approval_id, index === 1 ? 'deny' : 'approve'),
        ),
      );
      await reaches(stage, 'executing');
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-granted-for-run',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      const { approval_id } = await asks('0/1');
      await answer(stage, approval_id, 'approve', 'run');
      await asks('0/2');
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-denied-by-policy',
    spec: taskSpec(),
    change: { policy: policySet({ organisation: { command_execution: 'deny' } }) },
    async act(stage) {
      const asks = await beginTurn(stage);
      await asks('0/1');
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-expired',
    spec: taskSpec(),
    change: { timings: { ...SHORT_TIMINGS, approval_timeout_ms: 300 } },
    async act(stage) {
      const asks = await beginTurn(stage);
      await asks('0/1');
      await stage.agent.request('approval/resolve');
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-superseded-by-turn-end',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      await asks('0/1');
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-superseded-by-restart',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      await asks('0/1');
      const { approval_id } = await asks('1/1');
      await answer(stage, approval_id, 'approve');
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-superseded-by-loss',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      await asks('0/1');
      const lost = { code: 'worker_unavailable', message: 'the host was restarted' };
      const turn = await stage.agent.request('turn/start');
      await stage.agent.answer(turn, { ok: false, ...lost, retryable: true });
      await endTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'agent-approval-while-canceled',
    spec: taskSpec(),
    async act(stage) {
      const asks = await beginTurn(stage);
      await asks('0/1');
      await stage.handle.cancel();
    },
    ends: { status: 'canceled', reason_class: 'canceled' },
  },
];

export type Asks = (approvalKey: string) => Promise<RequestedApproval>;

/** The agent takes its turn; what it gets asks as the API does for its host. */
export async function beginTurn({ lab, agent, input, handle }: Stage): Promise<Asks> {
  const { run_id } = input;
  const { request_id } = await agent.request('turn/start');
  await reaches({ handle }, 'executing');
  return async function ask(approval_key) {
    const generation = approval_key.split('/', 1)[0] ?? '';
    const approval_id = derivedId('approval', run_id, request_id, approval_key);
    const about = {
      kind: 'command_execution' as const,
      scopes: ['once' as const, 'run' as const, 'session' as const],
      rule_key: 'command:npm publish',
    };
    await transaction(lab.sql, (tx) =>
      offerApproval(tx, {
        ...about,
        approval_id,
        run_id,
        subject: { text: 'npm publish' },
        reason: '',
        request_id,
        worker_id: agent.worker_id,
        turn: 1,
        approval_key,
        generation,
        expires_at: new Date(),
      }),
    );
    const command = commandContext('runtime.run.approval.request');
    return handle.executeUpdate(requestApprovalUpdate, {
      args: [{ ...about, approval_id, request_id, generation, command }],
    });
  };
}

async function answer(
  { handle, owner }: Stage,
  approval_id: string,
  decision: 'approve' | 'deny',
  scope: ApprovalScope = 'once',
): Promise<void> {
  await handle.executeUpdate(resolveApprovalUpdate, {
    args: [
      {
        approval_id,
        decision,
        scope,
        reason: '',
        resolved_by: owner.user_id,
        command: commandContext('runtime.run.approval.resolve'),
      },
    ],
  });
}

async function endTurn({ agent }: Stage): Promise<void> {
  const nothing = { patch: null, repo_bundle: null };
  await agent.completeTurn(await agent.request('turn/start'), nothing);
}
