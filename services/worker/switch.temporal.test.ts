import { setTimeout as delay } from 'node:timers/promises';
import { WorkflowUpdateFailedError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { insertMessage, joinThread, lockThread } from '#db/runtime/threads.ts';
import { transaction } from '#db/transaction.ts';
import { newId } from '#proto/ids.ts';
import {
  type PostMessageResult,
  postMessageUpdate,
  workerAvailableSignal,
} from '#workflows/run/messages.ts';
import { FAILURE_TYPES } from '#workflows/shared/failures.ts';
import { historyLengths } from './testing/chain.ts';
import { type Lab, openLab } from './testing/lab.ts';
import { commandContext, runInput, seeRun, startRun, taskSpec } from './testing/runs.ts';
import { startAgent } from './testing/scripted-agent.ts';

const LASTS_AT_MOST_MS = 180_000;
/** Up to shortly before a history ends; the messages carry it over. */
const SIGNALS = 900;
const MESSAGES = 100;
const AGAIN_MS = 50;

let lab: Lab;
beforeAll(async () => {
  lab = await openLab();
  await lab.startWorker();
});
afterAll(() => lab[Symbol.asyncDispose]());

test('what is said while a history ends is neither lost nor doubled', {
  timeout: LASTS_AT_MOST_MS,
}, async () => {
  const owner = { user_id: newId('user') };
  const agent = await startAgent(lab, owner);
  await lab.sql`update runtime.workers set lease_expires_at = clock_timestamp() + interval '1 h'
    where worker_id = ${agent.worker_id}`;
  const input = runInput(owner, taskSpec());
  const { run_id, thread_id } = input;
  const handle = await startRun(lab, input);
  const turn = await agent.request('turn/start');
  for (let sent = 0; sent < SIGNALS; sent += 1) {
    await handle.signal(workerAvailableSignal, { worker_id: agent.worker_id });
  }
  const messages = Array.from({ length: MESSAGES }, () => newId('msg'));
  await transaction(lab.sql, async (tx) => {
    await joinThread(tx, { thread_id, run_id, user_id: owner.user_id, org_id: null });
    for (const message_id of messages) {
      const thread = await lockThread(tx, thread_id);
      if (!thread) throw new Error('the thread was just joined');
      await insertMessage(tx, thread, { message_id, role: 'user', text: 'go on', run_id });
    }
  });

  /** As the API does: told that a history ends, it asks again with the same key. */
  async function say(message_id: string): Promise<PostMessageResult> {
    const args = {
      ...{ message_id, json_bytes: 16, mode: 'steer' as const, posted_by: owner.user_id },
      command: commandContext('runtime.run.message.post'),
    };
    for (;;) {
      try {
        const updateId = `message/${message_id}`;
        return await handle.executeUpdate(postMessageUpdate, { args: [args], updateId });
      } catch (error) {
        const cause = error instanceof WorkflowUpdateFailedError ? error.cause : undefined;
        const ends =
          cause instanceof ApplicationFailure && cause.type === FAILURE_TYPES.historyEnding;
        if (!ends) throw error;
        await delay(AGAIN_MS);
      }
    }
  }
  const first = await Promise.all(messages.map(say));
  // A client that heard no answer repeats its key, and meets another history.
  const repeated = messages.slice(-30);
  expect(await Promise.all(repeated.map(say))).toEqual(first.slice(-30));

  const seen = await seeRun(lab, run_id);
  const delivered = seen.payloads('message.delivered').map(({ message_id }) => message_id);
  expect(delivered.toSorted()).toEqual(messages.toSorted());
  const steers = await lab.sql`
    select params ->> 'message_id' as message_id from runtime.worker_requests
    where run_id = ${run_id} and method = 'turn/steer'`;
  expect(steers.map((row) => row['message_id']).toSorted()).toEqual(messages.toSorted());
  expect((await historyLengths(lab, handle)).length).toBeGreaterThan(1);
  await agent.completeTurn(turn, { patch: null, repo_bundle: null });
});
