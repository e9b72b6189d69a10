/**
 * What can happen to a run, each acted out on real parts by a scripted agent. The tests check the ending, the recorder
 * keeps the history.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { RunSpec } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import {
  cancelRunUpdate,
  type RunInput,
  resolveApprovalUpdate,
  runStateQuery,
  runWorkflowId,
  workerReceiptSignal,
} from '#workflows/run/messages.ts';
import type { RunPhase } from '#workflows/run/state.ts';
import type { Lab } from './lab.ts';
import {
  commandContext,
  patchSpec,
  type RunHandle,
  runInput,
  SHORT_TIMINGS,
  startRun,
  taskSpec,
} from './runs.ts';
import { type ScriptedAgent, startAgent } from './scripted-agent.ts';

export interface Stage {
  lab: Lab;
  owner: { user_id: string };
  input: RunInput;
  handle: RunHandle;
  agent: ScriptedAgent;
}

export interface Scenario {
  name: string;
  spec: RunSpec;
  change?: Partial<RunInput>;
  /** False: nobody is there to take the turn. */
  withAgent?: boolean;
  act(stage: Stage): Promise<void>;
  ends: { status: string; reason_class: string; reason?: string };
}

export async function play(lab: Lab, scenario: Scenario): Promise<Stage> {
  const owner = { user_id: newId('user') };
  const stranger = { user_id: newId('user') };
  const agent = await startAgent(lab, scenario.withAgent === false ? stranger : owner);
  const input = runInput(owner, scenario.spec, scenario.change);
  const handle = await startRun(lab, input);
  const stage = { lab, owner, input, handle, agent };
  await scenario.act(stage);
  await handle.result();
  return stage;
}

export function cancel({ handle, owner }: Stage, reason = 'no longer needed') {
  return handle.executeUpdate(cancelRunUpdate, {
    args: [{ reason, requested_by: owner.user_id, command: commandContext('runtime.runs.cancel') }],
  });
}

export async function reaches(
  { handle }: Pick<Stage, 'handle'>,
  phase: RunPhase | null,
): Promise<void> {
  const deadlineMs = Date.now() + 15_000;
  while ((await handle.query(runStateQuery)).state.phase !== phase) {
    if (Date.now() > deadlineMs) throw new Error(`the run never reached phase ${phase}`);
    await delay(30);
  }
}

async function answerApproval(stage: Stage, decision: 'approve' | 'deny'): Promise<void> {
  await reaches(stage, 'awaiting_approval');
  const [approval] = await stage.lab.sql<{ approval_id: string }[]>`
    select approval_id from runtime.approvals where run_id = ${stage.input.run_id}`;
  await stage.handle.executeUpdate(resolveApprovalUpdate, {
    args: [
      {
        approval_id: approval?.approval_id ?? '',
        decision,
        scope: 'once',
        reason: '',
        resolved_by: stage.owner.user_id,
        command: commandContext('runtime.approvals.resolve'),
      },
    ],
  });
}

const CANCELED = {
  status: 'canceled',
  reason_class: 'canceled',
  reason: 'no longer needed',
};

async function completeTurn({ agent }: Stage): Promise<void> {
  await agent.completeTurn(await agent.request('turn/start'));
}

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'success-verified-patch',
    spec: patchSpec('accept'),
    act: completeTurn,
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-second-attempt',
    spec: patchSpec('accept-second'),
    async act(stage) {
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-agent-task',
    spec: taskSpec(),
    async act({ agent }) {
      const request = await agent.request('turn/start');
      await agent.completeTurn(request, { patch: null, repo_bundle: null });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-signal-lost',
    spec: taskSpec(),
    async act({ agent }) {
      const request = await agent.request('turn/start');
      const response = { status: 'completed', exit_code: 0, patch: null, output: null };
      await agent.answer(request, { ok: true, response }, { signal: false });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-receipt-signalled-twice',
    spec: patchSpec('accept'),
    async act({ agent, input, lab }) {
      const request = await agent.request('turn/start');
      const { worker_id, request_id } = request;
      await agent.completeTurn(request);
      const late = { code: 'late', message: 'a second answer' };
      await lab.client.workflow
        .getHandle(runWorkflowId(input.run_id))
        .signal(workerReceiptSignal, { worker_id, request_id, ok: false, error: late });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-approved-test-edit',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await answerApproval(stage, 'approve');
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'success-waited-for-a-worker',
    spec: taskSpec(),
    withAgent: false,
    async act(stage) {
      await reaches(stage, 'dispatching');
      const agent = await startAgent(stage.lab, stage.owner);
      const request = await agent.request('turn/start');
      await agent.completeTurn(request, { patch: null, repo_bundle: null });
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'failure-exit-code',
    spec: taskSpec(),
    async act({ agent }) {
      const request = await agent.request('turn/start');
      await agent.completeTurn(request, { status: 'failed', exit_code: 3, patch: null });
    },
    ends: { status: 'failed', reason_class: 'failed', reason: 'the agent ended with exit code 3' },
  },
  {
    name: 'failure-worker-error',
    spec: patchSpec('accept'),
    async act({ agent }) {
      const error = { code: 'repo_unusable', message: './repo is not a git repository' };
      await agent.answer(await agent.request('turn/start'), { ok: false, ...error });
    },
    ends: {
      status: 'failed',
      reason_class: 'failed',
      reason: 'repo_unusable: ./repo is not a git repository',
    },
  },
  {
    name: 'failure-verifier-broken',
    spec: patchSpec('broken'),
    act: completeTurn,
    ends: {
      status: 'failed',
      reason_class: 'failed',
      reason: 'the verification could not be carried out: the repository could not be cloned',
    },
  },
  {
    name: 'failure-nothing-changed',
    spec: patchSpec('accept', { limits: { wall_s_max: 60, turns_max: 1, output_bytes_max: '0' } }),
    async act({ agent }) {
      await agent.completeTurn(await agent.request('turn/start'), { patch: null });
    },
    ends: {
      status: 'failed',
      reason_class: 'verification_failed',
      reason: 'the agent changed nothing (exit code 0)',
    },
  },
  {
    name: 'verification-failed',
    spec: patchSpec('reject'),
    async act(stage) {
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: {
      status: 'failed',
      reason_class: 'verification_failed',
      reason: 'rejected: a command exits 1',
    },
  },
  {
    name: 'verification-flaky',
    spec: patchSpec('flaky'),
    async act(stage) {
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: {
      status: 'failed',
      reason_class: 'verification_failed',
      reason: 'flaky: two runs of the same patch differ',
    },
  },
  {
    name: 'denied-full-access',
    spec: taskSpec({
      agent: {
        driver: 'codex',
        model: '',
        prompt: '',
        command: [],
        approval_policy: '',
        sandbox: 'full_access',
      },
    }),
    act: async () => {},
    ends: {
      status: 'failed',
      reason_class: 'policy_denied',
      reason: 'the spec asks for an agent without a sandbox',
    },
  },
  {
    name: 'denied-test-edit',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await answerApproval(stage, 'deny');
    },
    ends: { status: 'failed', reason_class: 'policy_denied' },
  },
  {
    name: 'denied-approval-expired',
    spec: patchSpec('touches-tests'),
    change: { timings: { ...SHORT_TIMINGS, approval_timeout_ms: 300 } },
    act: completeTurn,
    ends: { status: 'failed', reason_class: 'policy_denied' },
  },
  {
    name: 'denied-output-limit',
    spec: patchSpec('accept', {
      limits: { wall_s_max: 60, turns_max: 2, output_bytes_max: '10' },
    }),
    act: completeTurn,
    ends: { status: 'failed', reason_class: 'policy_denied' },
  },
  {
    name: 'cancel-dispatching',
    spec: patchSpec('accept'),
    withAgent: false,
    async act(stage) {
      await reaches(stage, 'dispatching');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-executing-answered',
    spec: patchSpec('accept'),
    async act(stage) {
      const { agent } = stage;
      const turn = await agent.request('turn/start');
      await reaches(stage, 'executing');
      await cancel(stage);
      const interrupt = await agent.request('turn/interrupt');
      await agent.completeTurn(turn, { status: 'interrupted' });
      await agent.answer(interrupt, { ok: true, response: { interrupted: 1 } });
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-executing-silent',
    spec: patchSpec('accept'),
    async act(stage) {
      await stage.agent.request('turn/start');
      await reaches(stage, 'executing');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-verifying',
    spec: patchSpec('hang'),
    async act(stage) {
      await completeTurn(stage);
      await reaches(stage, 'verifying');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-awaiting-approval',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await reaches(stage, 'awaiting_approval');
      await cancel(stage);
    },
    ends: CANCELED,
  },
  {
    name: 'cancel-by-operator',
    spec: patchSpec('accept'),
    async act({ agent, handle }) {
      await agent.request('turn/start');
      await handle.cancel();
    },
    ends: { ...CANCELED, reason: 'the workflow was cancelled in Temporal' },
  },
  {
    name: 'recovered-lease-expired',
    spec: patchSpec('accept'),
    async act(stage) {
      await stage.agent.request('turn/start');
      await reaches(stage, 'executing');
      const second = await startAgent(stage.lab, stage.owner);
      await stage.agent.vanish();
      await second.completeTurn(await second.request('turn/start'));
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'recovered-host-restarted',
    spec: patchSpec('accept'),
    async act(stage) {
      const error = { code: 'interrupted', message: 'the host was restarted', retryable: true };
      await stage.agent.answer(await stage.agent.request('turn/start'), { ok: false, ...error });
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'recovery-exhausted',
    spec: taskSpec(),
    async act({ agent }) {
      const error = { code: 'interrupted', message: 'the host was restarted', retryable: true };
      for (let loss = 1; loss <= 4; loss += 1) {
        await agent.answer(await agent.request('turn/start'), { ok: false, ...error });
      }
    },
    ends: { status: 'failed', reason_class: 'executor_recovery_exhausted' },
  },
  {
    name: 'timeout-executing',
    spec: patchSpec('accept', { limits: { wall_s_max: 1, turns_max: 1, output_bytes_max: '0' } }),
    async act({ agent }) {
      await agent.request('turn/start');
    },
    ends: { status: 'failed', reason_class: 'timeout' },
  },
  {
    name: 'timeout-without-a-worker',
    spec: taskSpec({ limits: { wall_s_max: 1, turns_max: 1, output_bytes_max: '0' } }),
    withAgent: false,
    act: async () => {},
    ends: { status: 'failed', reason_class: 'timeout' },
  },
];
