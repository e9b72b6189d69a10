import type { Message, Thread } from '#proto/gen/types.ts';
import { formatTime } from '#proto/time.ts';
import type { Queryable, Tx } from '../transaction.ts';
import { decodeCursor, encodeCursor } from './page-cursor.ts';

export interface ThreadRow {
  thread_id: string;
  user_id: string | null;
  guest_scope: string | null;
  org_id: string | null;
  worker_id: string | null;
  active_run_id: string | null;
  message_count: number;
  created_at: Date;
  updated_at: Date;
  last_message_at: Date | null;
  agent_thread_id: string | null;
  /** Keeps the agent's thread; null exactly where there is none. */
  agent_worker_id: string | null;
  /** The agent's thread is another thread's: the next turn begins a copy of it. */
  agent_thread_forks: boolean;
  forked_from_thread_id: string | null;
}

export interface MessageRow {
  message_id: string;
  thread_id: string;
  position: number;
  role: string;
  text: string;
  run_id: string | null;
  created_at: Date;
}

/** Inserts a thread; a repeated command finds the one it inserted. */
export async function insertThread(
  tx: Tx,
  thread: { thread_id: string; user_id: string; org_id: string | null; worker_id: string | null },
): Promise<ThreadRow> {
  const { thread_id, user_id, org_id, worker_id } = thread;
  const [row] = await tx<ThreadRow[]>`
    insert into runtime.threads (thread_id, user_id, org_id, worker_id)
    values (${thread_id}, ${user_id}, ${org_id}, ${worker_id})
    on conflict (thread_id) do update set updated_at = runtime.threads.updated_at
    returning *`;
  if (!row) throw new Error('an insert returned no row');
  return row;
}

/** Makes a run the active one of its thread, which comes to be where the run names a new one. */
export async function joinThread(
  tx: Tx,
  run: { thread_id: string; run_id: string; user_id: string; org_id: string | null },
): Promise<void> {
  await tx`
    insert into runtime.threads (thread_id, user_id, org_id, active_run_id)
    values (${run.thread_id}, ${run.user_id}, ${run.org_id}, ${run.run_id})
    on conflict (thread_id) do update
      set active_run_id = excluded.active_run_id, updated_at = clock_timestamp()
      where threads.user_id = excluded.user_id`;
}

export async function findThread(sql: Queryable, threadId: string): Promise<ThreadRow | undefined> {
  const [row] = await sql<ThreadRow[]>`select * from runtime.threads where thread_id = ${threadId}`;
  return row;
}

export async function lockThread(tx: Tx, threadId: string): Promise<ThreadRow | undefined> {
  const [row] = await tx<ThreadRow[]>`
    select * from runtime.threads where thread_id = ${threadId} for update`;
  return row;
}

/** A person's threads, the last message first; a thread without one stands by its creation. */
export async function listThreads(
  sql: Queryable,
  filter: { user_id: string; cursor?: string | undefined; limit: number },
): Promise<{ threads: ThreadRow[]; next_cursor: string }> {
  const after = filter.cursor ? decodeCursor(filter.cursor) : undefined;
  const rows = await sql<ThreadRow[]>`
    select * from runtime.threads
    where user_id = ${filter.user_id}
      ${after ? sql`and (coalesce(last_message_at, created_at), thread_id) < (${new Date(after.createdAtMs)}, ${after.id})` : sql``}
    order by coalesce(last_message_at, created_at) desc, thread_id desc
    limit ${filter.limit + 1}`;
  const threads = rows.slice(0, filter.limit);
  const last = rows.length > filter.limit ? threads.at(-1) : undefined;
  return {
    threads,
    next_cursor: last
      ? encodeCursor({
          createdAtMs: (last.last_message_at ?? last.created_at).getTime(),
          id: last.thread_id,
        })
      : '',
  };
}

/** Adds a message to a thread whose row is locked; a repeated command finds the one it added. */
export async function insertMessage(
  tx: Tx,
  thread: ThreadRow,
  message: { message_id: string; role: string; text: string; run_id: string | null },
): Promise<{ message: MessageRow; thread: ThreadRow }> {
  const [known] = await tx<MessageRow[]>`
    select * from runtime.messages where message_id = ${message.message_id}`;
  if (known) return { message: known, thread };
  const [row] = await tx<MessageRow[]>`
    insert into runtime.messages (message_id, thread_id, position, role, text, run_id)
    values (${message.message_id}, ${thread.thread_id}, ${thread.message_count + 1}, ${message.role},
      ${message.text}, ${message.run_id})
    returning *`;
  const [updated] = await tx<ThreadRow[]>`
    update runtime.threads set message_count = message_count + 1, updated_at = clock_timestamp(),
      last_message_at = clock_timestamp(), active_run_id = coalesce(${message.run_id}, active_run_id)
    where thread_id = ${thread.thread_id} returning *`;
  if (!row || !updated) throw new Error('an insert returned no row');
  return { message: row, thread: updated };
}

/** The texts of messages of one run, in the order asked for. */
export async function readMessageTexts(
  sql: Queryable,
  messageIds: readonly string[],
): Promise<{ message_id: string; text: string }[]> {
  if (messageIds.length === 0) return [];
  const rows = await sql<{ message_id: string; text: string }[]>`
    select message_id, text from runtime.messages where message_id = any (${[...messageIds]}::text[])`;
  const texts = new Map(rows.map(({ message_id, text }) => [message_id, text]));
  return messageIds.map((message_id) => {
    const text = texts.get(message_id);
    if (text === undefined) throw new Error(`message ${message_id} has no row`);
    return { message_id, text };
  });
}

/** Takes back a message that its run did not take. */
export async function withdrawMessage(sql: Queryable, messageId: string): Promise<void> {
  await sql`delete from runtime.messages where message_id = ${messageId}`;
}

/** The agent's own conversation, as it stands after a turn. */
export async function keepAgentThread(
  tx: Tx,
  kept: { thread_id: string; agent_thread_id: string; worker_id: string },
): Promise<void> {
  await tx`
    update runtime.threads set agent_thread_id = ${kept.agent_thread_id}, agent_worker_id = ${kept.worker_id},
      agent_thread_forks = false, updated_at = clock_timestamp()
    where thread_id = ${kept.thread_id}`;
}

export async function listMessages(
  sql: Queryable,
  page: { thread_id: string; after: number; limit: number },
): Promise<MessageRow[]> {
  return await sql<MessageRow[]>`
    select * from runtime.messages
    where thread_id = ${page.thread_id} and position > ${page.after} order by position limit ${page.limit}`;
}

/** How many messages a person has sent since `since`, over all threads. */
export async function countMessages(sql: Queryable, userId: string, since: Date): Promise<number> {
  const [row] = await sql<{ count: number }[]>`
    select count(*)::int4 as count from runtime.messages m join runtime.threads t using (thread_id)
    where t.user_id = ${userId} and m.role = 'user' and m.created_at > ${since}`;
  return row?.count ?? 0;
}

export function threadView(row: ThreadRow): Thread {
  return {
    thread_id: row.thread_id,
    user_id: row.user_id ?? '',
    org_id: row.org_id ?? '',
    worker_id: row.worker_id ?? '',
    active_run_id: row.active_run_id ?? '',
    message_count: row.message_count,
    agent_thread_id: row.agent_thread_id ?? '',
    agent_worker_id: row.agent_worker_id ?? '',
    forked_from_thread_id: row.forked_from_thread_id ?? '',
    created_at: formatTime(row.created_at.getTime()),
    updated_at: formatTime(row.updated_at.getTime()),
    ...(row.last_message_at && { last_message_at: formatTime(row.last_message_at.getTime()) }),
  };
}

export function messageView(row: MessageRow): Message {
  return {
    message_id: row.message_id,
    thread_id: row.thread_id,
    role: row.role,
    text: row.text,
    run_id: row.run_id ?? '',
    created_at: formatTime(row.created_at.getTime()),
  };
}
