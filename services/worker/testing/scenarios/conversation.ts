/** What people say to a run while it works. */
import { insertMessage, joinThread, lockThread } from '#db/runtime/threads.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import {
  interruptTurnUpdate,
  type MessageMode,
  postMessageUpdate,
} from '#workflows/run/messages.ts';
import { commandContext, patchSpec, SHORT_TIMINGS, taskSpec } from '../runs.ts';
import { answerApproval, completeTurn, reaches, type Scenario, type Stage } from './stage.ts';

export const CONVERSATION_SCENARIOS: readonly Scenario[] = [
  {
    name: 'steered',
    spec: taskSpec(),
    async act(stage) {
      await reaches(stage, 'executing');
      await say(stage, 'steer');
      await taken(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'steer-refused-then-queued',
    spec: taskSpec(),
    async act(stage) {
      await reaches(stage, 'executing');
      await say(stage, 'steer');
      const steer = await stage.agent.request('turn/steer');
      await stage.agent.answer(steer, { ok: false, code: 'conflict', message: 'not steerable' });
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'queued-before-verification',
    spec: patchSpec('accept'),
    async act(stage) {
      await reaches(stage, 'executing');
      await say(stage, 'queue');
      await completeTurn(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'queued-after-verification',
    spec: patchSpec('touches-tests'),
    async act(stage) {
      await completeTurn(stage);
      await reaches(stage, 'awaiting_approval');
      await say(stage, 'steer');
      await answerApproval(stage, 'approve');
      // What was approved holds for this question: the next patch asks again.
      await completeTurn(stage);
      await reaches(stage, 'awaiting_approval');
      await answerApproval(stage, 'approve');
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'interrupted-then-told',
    spec: taskSpec(),
    async act(stage) {
      await interrupt(stage);
      await reaches(stage, 'awaiting_message');
      await say(stage, 'queue');
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'interrupted-told-before',
    spec: taskSpec(),
    async act(stage) {
      await reaches(stage, 'executing');
      await say(stage, 'queue');
      await interrupt(stage);
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'interrupted-and-silent',
    spec: taskSpec(),
    change: { timings: { ...SHORT_TIMINGS, interrupted_wait_ms: 300 } },
    act: interrupt,
    ends: {
      status: 'failed',
      reason_class: 'failed',
      reason: 'interrupted, and nobody said how to go on',
    },
  },
  {
    name: 'interrupted-and-lost',
    spec: taskSpec(),
    async act(stage) {
      await reaches(stage, 'executing');
      await askToStop(stage);
      const turn = await stage.agent.request('turn/start');
      const lost = { code: 'worker_unavailable', message: 'the host was restarted' };
      await stage.agent.answer(turn, { ok: false, ...lost, retryable: true });
      await reaches(stage, 'awaiting_message');
      await say(stage, 'queue');
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
  {
    name: 'recovered-told-again',
    spec: taskSpec(),
    async act(stage) {
      await reaches(stage, 'executing');
      await say(stage, 'steer');
      await taken(stage);
      const turn = await stage.agent.request('turn/start');
      const lost = { code: 'worker_unavailable', message: 'the host was restarted' };
      await stage.agent.answer(turn, { ok: false, ...lost, retryable: true });
      await completeTurn(stage);
    },
    ends: { status: 'succeeded', reason_class: 'completed' },
  },
];

export async function say({ lab, owner, input, handle }: Stage, mode: MessageMode): Promise<void> {
  const message_id = newId('msg');
  const { run_id, thread_id } = input;
  const thread = { thread_id, run_id, user_id: owner.user_id, org_id: null };
  await transaction(lab.sql, async (tx) => {
    await joinThread(tx, thread);
    const locked = await lockThread(tx, thread_id);
    if (!locked) throw new Error('the thread was just joined');
    await insertMessage(tx, locked, { message_id, role: 'user', text: 'use the parser', run_id });
  });
  await handle.executeUpdate(postMessageUpdate, {
    args: [
      {
        message_id,
        json_bytes: 16,
        mode,
        posted_by: owner.user_id,
        command: commandContext('runtime.run.message.post'),
      },
    ],
  });
}

async function taken({ agent }: Stage): Promise<void> {
  await agent.answer(await agent.request('turn/steer'), {
    ok: true,
    response: { delivered: true },
  });
}

async function askToStop({ handle, owner }: Stage): Promise<void> {
  await handle.executeUpdate(interruptTurnUpdate, {
    args: [
      {
        reason: 'wrong direction',
        requested_by: owner.user_id,
        command: commandContext('runtime.run.interrupt'),
      },
    ],
  });
}

async function interrupt(stage: Stage): Promise<void> {
  await reaches(stage, 'executing');
  await askToStop(stage);
  await stage.agent.completeTurn(await stage.agent.request('turn/start'), {
    status: 'interrupted',
    patch: null,
    repo_bundle: null,
  });
}
