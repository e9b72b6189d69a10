import type { JsonObject } from '#proto/gen/types.ts';
import type { TurnRequest } from '../driver.ts';
import type { AppServer } from './app-server.ts';
import type { ThreadStart } from './prompt.ts';
import type { ApprovalPolicyName } from './protocol.ts';
import { RpcError } from './rpc.ts';
import { rememberedThread, rememberThread } from './thread-memory.ts';

export interface ThreadSettings {
  cwd: string;
  approvalPolicy: ApprovalPolicyName;
  permissions: string;
  model?: string;
}

export interface OpenedThread {
  id: string;
  model: string;
  start: ThreadStart;
  /** The payload of `thread.started`. */
  announced: JsonObject;
}

/**
 * The thread that the turn belongs to: the one this host remembers for the run, else the one that the platform names, else
 * a new one. One that Codex does not know any more is replaced by a new one, and that is said.
 */
export async function openThread(
  server: AppServer,
  settings: ThreadSettings,
  request: TurnRequest,
  runDirectory: string,
): Promise<OpenedThread> {
  const remembered = await rememberedThread(runDirectory);
  const named = remembered ? { id: remembered.agent_thread_id, fork: false } : request.agentThread;
  const continued = named && (await goOn(server, settings, named));
  const opened = continued ?? (await server.call('thread/start', settings));
  const start = startOf(continued !== undefined, remembered, request);
  await rememberThread(runDirectory, {
    agent_thread_id: opened.thread.id,
    turn: request.turn,
    request_id: request.requestId,
  });
  return {
    id: opened.thread.id,
    model: opened.model,
    start,
    announced: {
      agent_thread_id: opened.thread.id,
      driver: 'codex',
      resumed: continued !== undefined && !named?.fork,
      forked_from: named?.fork && continued ? named.id : '',
      ...(named && !continued ? { lost: named.id } : {}),
    },
  };
}

async function goOn(
  server: AppServer,
  settings: ThreadSettings,
  { id, fork }: { id: string; fork: boolean },
) {
  try {
    return await server.call(fork ? 'thread/fork' : 'thread/resume', {
      threadId: id,
      ...settings,
      excludeTurns: true,
    });
  } catch (error) {
    if (error instanceof RpcError) return undefined;
    throw error;
  }
}

function startOf(
  continued: boolean,
  remembered: { turn: number; request_id: string } | undefined,
  request: TurnRequest,
): ThreadStart {
  if (!continued) return 'new';
  if (remembered === undefined) return 'new';
  const recovered = remembered.turn === request.turn && remembered.request_id !== request.requestId;
  return recovered ? 'recovered' : 'known';
}
