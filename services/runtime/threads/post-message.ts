import { readRun } from '#db/runtime/runs.ts';
import {
  countMessages,
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
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { startRun } from '../runs/start-run.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { ownThread } from './threads.ts';

/** A person at a keyboard stays far below; a loop does not. */
const MESSAGES_PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;

/**
 * Posts a message. With a worker bound to the thread it becomes a turn: of the run that is under way there, or of a new
 * `agent_task` run. The run is started first, under the ids of the command, so that a repetition finds both.
 */
export function postMessage(deps: RuntimeDeps): RuntimeHandler<'runtime.thread.message.post'> {
  const { sql } = deps;
  return async function postMessage({ body, params, caller, command }) {
    const person = requirePerson(caller);
    const thread = ownThread(await findThread(sql, params['thread_id'] ?? ''), caller);
    await assertRate(deps, person);
    const { text } = withoutSecrets({ text: body.text });
    const active = await activeRun(deps, thread);
    const started =
      active || thread.worker_id === null
        ? null
        : await startRun(deps, {
            run_id: command.id('run'),
            thread_id: thread.thread_id,
            spec: turnSpec(thread, text),
            person,
            command: command.context,
          });
    const run_id = active ?? started?.run_id ?? null;
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
        },
        positions: started?.positions ?? [],
      });
    });
  };
}

async function assertRate({ sql, now }: RuntimeDeps, { user_id }: Person): Promise<void> {
  const sent = await countMessages(sql, user_id, new Date(now() - MINUTE_MS));
  if (sent < MESSAGES_PER_MINUTE_MAX) return;
  throw new ProblemError(
    'rate_limited',
    `A person posts ${MESSAGES_PER_MINUTE_MAX} messages a minute.`,
    {
      retryAfterMs: MINUTE_MS / MESSAGES_PER_MINUTE_MAX,
    },
  );
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
