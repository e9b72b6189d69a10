/** What people say to a run: stored first, then told to its workflow, which never holds the text. */
import {
  countMessages,
  insertMessage,
  lockThread,
  type MessageRow,
  type ThreadRow,
  withdrawMessage,
} from '#db/runtime/threads.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { MessageMode as ModeText } from '#proto/gen/types.ts';
import { TURN_MESSAGES_BYTES_MAX } from '#workflows/run/limits.ts';
import type { CommandContext, MessageMode, PostMessageResult } from '#workflows/run/messages.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { ownedRun, runClosed, runIdOf } from './run-access.ts';

/** A person at a keyboard stays far below; a loop does not. */
const MESSAGES_PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;

export function postRunMessage(deps: RuntimeDeps): RuntimeHandler<'runtime.run.message.post'> {
  return async function postRunMessage({ body, params, caller, command }) {
    const person = requirePerson(caller);
    const run = await ownedRun(deps.sql, caller, runIdOf(params));
    if (isTerminalStatus(run.status)) throw runClosed(run.status);
    await assertRate(deps, person);
    const { result } = await giveMessage(deps, {
      ...run,
      message_id: command.id('msg'),
      text: keptText(body.text),
      mode: body.mode,
      command: command.context,
    });
    const { mode, turn, positions } = result;
    const message_id = command.id('msg');
    return { data: { message_id, run_id: run.run_id, mode, turn }, positions };
  };
}

export interface GivenMessage {
  run_id: string;
  thread_id: string;
  message_id: string;
  text: string;
  mode: ModeText;
  command: CommandContext;
}

/** @throws ProblemError run_closed, limit_exceeded, service_unavailable */
export async function giveMessage(
  { sql, workflows }: RuntimeDeps,
  given: GivenMessage,
): Promise<{ message: MessageRow; thread: ThreadRow; result: PostMessageResult }> {
  const { run_id, thread_id, message_id, text, command } = given;
  const stored = await transaction(sql, async (tx) => {
    const thread = await lockThread(tx, thread_id);
    if (!thread) throw new ProblemError('not_found', 'The run has no thread.');
    return insertMessage(tx, thread, { message_id, role: 'user', text, run_id });
  });
  const mode: MessageMode = given.mode === 'queue' ? 'queue' : 'steer';
  const result = await workflows
    .postMessage(run_id, {
      message_id,
      json_bytes: jsonBytes(text),
      mode,
      posted_by: command.principal,
      command,
    })
    .catch(async (error: unknown) => {
      if (!(error instanceof ProblemError) || error.retryable) throw error;
      await withdrawMessage(sql, message_id);
      // Its workflow is gone: the run ended after it was looked at.
      throw error.code === 'conflict' ? runClosed('it took no more messages') : error;
    });
  return { ...stored, result };
}

/** The text as it is kept. @throws ProblemError payload_too_large where no turn could be told it */
export function keptText(given: string): string {
  const { text } = withoutSecrets({ text: given });
  const bytes = jsonBytes(text);
  if (bytes <= TURN_MESSAGES_BYTES_MAX) return text;
  const detail = `A message has at most ${TURN_MESSAGES_BYTES_MAX} bytes as JSON.`;
  throw new ProblemError('payload_too_large', detail, {
    faults: [{ path: '$.text', reason: `has ${bytes} bytes` }],
  });
}

function jsonBytes(text: string): number {
  return Buffer.byteLength(JSON.stringify(text));
}

/** @throws ProblemError rate_limited */
export async function assertRate({ sql, now }: RuntimeDeps, { user_id }: Person): Promise<void> {
  const sent = await countMessages(sql, user_id, new Date(now() - MINUTE_MS));
  if (sent < MESSAGES_PER_MINUTE_MAX) return;
  throw new ProblemError(
    'rate_limited',
    `A person posts ${MESSAGES_PER_MINUTE_MAX} messages a minute.`,
    { retryAfterMs: MINUTE_MS / MESSAGES_PER_MINUTE_MAX },
  );
}
