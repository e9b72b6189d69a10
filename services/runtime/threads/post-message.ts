import { readRun } from '#db/runtime/runs.ts';
import {
  findThread,
  insertMessage,
  lockThread,
  messageView,
  type ThreadRow,
  threadView,
} from '#db/runtime/threads.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import { messageOf } from '#proto/validate.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { assertRate, type GivenMessage, giveMessage, keptText } from '../runs/run-messages.ts';
import { startRun } from '../runs/start-run.ts';
import { ownThread } from './threads.ts';

/**
 * Posts a message. Where a run is under way in the thread, it is told; with a worker bound, a message without one begins an
 * `agent_task` run. The run is started first, under the ids of the command, so that a repetition finds both.
 */
export function postMessage(deps: RuntimeDeps): RuntimeHandler<'runtime.thread.message.post'> {
  const { sql } = deps;
  return async function postMessage({ body, params, caller, command }) {
    const person = requirePerson(caller);
    const thread = ownThread(await findThread(sql, params['thread_id'] ?? ''), caller);
    await assertRate(deps, person);
    const text = keptText(body.text);
    const told = await tellActiveRun(deps, thread, {
      thread_id: thread.thread_id,
      message_id: command.id('msg'),
      text,
      mode: body.mode,
      command: command.context,
    });
    if (told) {
      const { message, thread: after, run_id, result } = told;
      const { mode, turn, positions } = result;
      return {
        data: {
          message: messageView(message),
          thread: threadView(after),
          run_id,
          mode,
          turn,
        },
        positions,
      };
    }
    const started =
      thread.worker_id === null
        ? null
        : await startRun(deps, {
            run_id: command.id('run'),
            thread_id: thread.thread_id,
            spec: turnSpec(thread, text),
            person,
            command: command.context,
          });
    const run_id = started?.run_id ?? null;
    return transaction(sql, async (tx) => {
      const locked = ownThread(await lockThread(tx, thread.thread_id), caller);
      const posted = await insertMessage(tx, locked, {
        message_id: command.id('msg'),
        role: 'user',
        text,
        run_id,
      });
      return command.complete(tx, {
        data: {
          message: messageView(posted.message),
          thread: threadView(posted.thread),
          run_id: run_id ?? '',
          mode: '',
          turn: 0,
        },
        positions: started?.positions ?? [],
      });
    });
  };
}

/** Null where no run is under way, or where it ended before it heard. */
async function tellActiveRun(
  deps: RuntimeDeps,
  thread: ThreadRow,
  given: Omit<GivenMessage, 'run_id'>,
) {
  const run_id = await activeRun(deps, thread);
  if (run_id === null) return null;
  try {
    return { ...(await giveMessage(deps, { ...given, run_id })), run_id };
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'run_closed') return null;
    throw error;
  }
}

async function activeRun({ sql }: RuntimeDeps, thread: ThreadRow): Promise<string | null> {
  if (thread.active_run_id === null) return null;
  const run = await readRun(sql, thread.active_run_id);
  return run && !isTerminalStatus(run.status) ? run.run_id : null;
}

function turnSpec(thread: ThreadRow, text: string): RunSpec {
  return messageOf('openagents.runtime.v1.RunSpec', {
    objective: text,
    work_unit: 'agent_task',
    agent: { driver: 'codex', prompt: text },
    worker: { worker_id: thread.worker_id ?? '' },
    thread_id: thread.thread_id,
    org_id: thread.org_id ?? '',
  });
}
