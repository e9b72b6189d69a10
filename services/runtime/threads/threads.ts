import {
  findThread,
  insertThread,
  listMessages,
  listThreads,
  messageView,
  type ThreadRow,
  threadView,
} from '#db/runtime/threads.ts';
import { findWorker } from '#db/runtime/workers.ts';
import { type Queryable, transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { type Caller, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { visibleWorker } from '../workers/worker-access.ts';

export function threadNotFound(): ProblemError {
  return new ProblemError('not_found', 'No such thread.');
}

/** Threads are their owner's alone. @throws ProblemError not_found */
export function ownThread(thread: ThreadRow | undefined, caller: Caller): ThreadRow {
  if (thread?.user_id !== requirePerson(caller).user_id) throw threadNotFound();
  return thread;
}

async function readThread(
  sql: Queryable,
  caller: Caller,
  params: Readonly<Record<string, string>>,
): Promise<ThreadRow> {
  return ownThread(await findThread(sql, params['thread_id'] ?? ''), caller);
}

export function createThread(deps: RuntimeDeps): RuntimeHandler<'runtime.thread.create'> {
  return async function createThread({ body, caller, command }) {
    const person = requirePerson(caller);
    if (body.org_id !== '' && body.org_id !== person.org_id) {
      throw new ProblemError('invalid_request', 'The thread cannot be opened like this.', {
        faults: [{ path: '$.org_id', reason: 'is not the organisation you act in' }],
      });
    }
    if (body.worker_id !== '') visibleWorker(await findWorker(deps.sql, body.worker_id), person);
    return transaction(deps.sql, async (tx) => {
      const thread = await insertThread(tx, {
        thread_id: command.id('thread'),
        user_id: person.user_id,
        org_id: body.org_id || null,
        worker_id: body.worker_id || null,
      });
      return command.complete(tx, { status: 201, data: { thread: threadView(thread) } });
    });
  };
}

export function getThread(deps: RuntimeDeps): RuntimeHandler<'runtime.thread.get'> {
  return async function getThread({ params, caller }) {
    return { data: { thread: threadView(await readThread(deps.sql, caller, params)) } };
  };
}

export function listOwnThreads(deps: RuntimeDeps): RuntimeHandler<'runtime.thread.list'> {
  return async function listOwnThreads({ query, caller }) {
    const limit = query.count('limit');
    const { threads, next_cursor } = await listThreads(deps.sql, {
      user_id: requirePerson(caller).user_id,
      cursor: query.text('cursor'),
      limit,
    });
    return { data: { threads: threads.map(threadView), next_cursor } };
  };
}

export function listThreadMessages(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.thread.messages.list'> {
  return async function listThreadMessages({ params, query, caller }) {
    const { thread_id } = await readThread(deps.sql, caller, params);
    const limit = query.count('limit');
    const rows = await listMessages(deps.sql, {
      thread_id,
      after: positionOf(query.text('cursor')),
      limit: limit + 1,
    });
    const page = rows.slice(0, limit);
    const next_cursor = rows.length > limit ? String(page.at(-1)?.position ?? '') : '';
    return { data: { thread_id, messages: page.map(messageView), next_cursor } };
  };
}

function positionOf(cursor: string | undefined): number {
  if (!cursor) return 0;
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new ProblemError('invalid_request', 'The cursor is not one that this API gave.', {
    faults: [{ path: 'query.cursor', reason: 'is not a cursor' }],
  });
}
