/** How a scenario is acted out: on real parts, by a scripted agent. */
import { setTimeout as delay } from 'node:timers/promises';
import type { RunSpec } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import {
  cancelRunUpdate,
  type RunInput,
  resolveApprovalUpdate,
  runStateQuery,
} from '#workflows/run/messages.ts';
import type { RunPhase } from '#workflows/run/state.ts';
import type { Lab } from '../lab.ts';
import { commandContext, type RunHandle, runInput, startRun } from '../runs.ts';
import { type ScriptedAgent, startAgent } from '../scripted-agent.ts';

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

const REACHED_WITHIN_MS = 40_000;
/** A worker without a cache replays the history for each query: who asks all the time waits for its own questions. */
const LOOK_FIRST_MS = 30;
const LOOK_SLOWEST_MS = 500;

export async function reaches(
  { handle }: Pick<Stage, 'handle'>,
  phase: RunPhase | null,
): Promise<void> {
  const deadlineMs = Date.now() + REACHED_WITHIN_MS;
  let waitMs = LOOK_FIRST_MS;
  while ((await handle.query(runStateQuery)).state.phase !== phase) {
    if (Date.now() > deadlineMs) throw new Error(`the run never reached phase ${phase}`);
    await delay(waitMs);
    waitMs = Math.min(waitMs * 2, LOOK_SLOWEST_MS);
  }
}

export async function answerApproval(stage: Stage, decision: 'approve' | 'deny'): Promise<void> {
  await reaches(stage, 'awaiting_approval');
  const [approval] = await stage.lab.sql<{ approval_id: string }[]>`
    select approval_id from runtime.approvals
    where run_id = ${stage.input.run_id} and state = 'requested'`;
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

/** The agent takes the next turn that is asked of it, and answers with a patch. */
export async function completeTurn({ agent }: Stage): Promise<void> {
  await agent.completeTurn(await agent.request('turn/start'));
}
