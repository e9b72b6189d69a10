import type { Tx } from '../transaction.ts';
import type { ThreadRow } from './threads.ts';

export interface ThreadFork {
  thread_id: string;
  /** The last message that is kept; empty: all. */
  at_message_id: string;
  messages_max: number;
  mintId(): string;
}

/**
 * A thread with the messages of another. At its end the fork also inherits the agent's own thread, of which its first turn
 * begins a copy; an agent cannot be taken back to an earlier message, so a fork before the end begins without one.
 */
export async function forkThread(
  tx: Tx,
  from: ThreadRow,
  fork: ThreadFork,
): Promise<ThreadRow | 'no_such_message' | 'too_long'> {
  const kept = await tx<{ message_id: string }[]>`
    select message_id from runtime.messages
    where thread_id = ${from.thread_id} order by position limit ${fork.messages_max + 1}`;
  const at = fork.at_message_id
    ? kept.findIndex(({ message_id }) => message_id === fork.at_message_id)
    : kept.length - 1;
  if (fork.at_message_id && at < 0) return 'no_such_message';
  if (at >= fork.messages_max) return 'too_long';
  const old = kept.slice(0, at + 1).map(({ message_id }) => message_id);
  const isWhole = old.length === kept.length && from.agent_thread_id !== null;
  const [row] = await tx<ThreadRow[]>`
    insert into runtime.threads (thread_id, user_id, guest_scope, org_id, worker_id, message_count,
      last_message_at, agent_thread_id, agent_worker_id, agent_thread_forks, forked_from_thread_id)
    values (${fork.thread_id}, ${from.user_id}, ${from.guest_scope}, ${from.org_id}, ${from.worker_id},
      ${old.length}, ${from.last_message_at}, ${isWhole ? from.agent_thread_id : null},
      ${isWhole ? from.agent_worker_id : null}, ${isWhole}, ${from.thread_id})
    returning *`;
  if (!row) throw new Error('an insert returned no row');
  await tx`
    insert into runtime.messages (message_id, thread_id, position, role, text, run_id, created_at)
    select copy.message_id, ${fork.thread_id}, copy.position, m.role, m.text, m.run_id, m.created_at
    from unnest(${old}::text[], ${old.map(fork.mintId)}::text[]) with ordinality
      as copy (old_id, message_id, position)
    join runtime.messages m on m.message_id = copy.old_id`;
  return row;
}
