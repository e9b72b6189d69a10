import { forkThread as copyThread } from '#db/runtime/thread-fork.ts';
import { findThread, threadView } from '#db/runtime/threads.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { newId } from '#proto/ids.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { ownThread } from './threads.ts';

/** A copy is one statement over rows that the thread's owner wrote by hand. */
const FORK_MESSAGES_MAX = 5_000;

/** Begins a thread with the messages of another, and at its end also with a copy of the agent's own thread. */
export function forkThread(deps: RuntimeDeps): RuntimeHandler<'runtime.thread.fork'> {
  return async function forkThread({ body, params, caller, command }) {
    const thread = ownThread(await findThread(deps.sql, params['thread_id'] ?? ''), caller);
    return transaction(deps.sql, async (tx) => {
      const forked = await copyThread(tx, thread, {
        thread_id: command.id('thread'),
        at_message_id: body.at_message_id,
        messages_max: FORK_MESSAGES_MAX,
        mintId: () => newId('msg'),
      });
      if (forked === 'no_such_message') {
        throw new ProblemError('invalid_request', 'The thread has no such message.', {
          faults: [{ path: '$.at_message_id', reason: 'is not a message of this thread' }],
        });
      }
      if (forked === 'too_long') {
        const detail = `A fork keeps at most ${FORK_MESSAGES_MAX} messages.`;
        throw new ProblemError('limit_exceeded', detail);
      }
      return command.complete(tx, { status: 201, data: { thread: threadView(forked) } });
    });
  };
}
