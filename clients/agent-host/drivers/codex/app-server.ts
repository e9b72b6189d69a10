/** One `codex app-server`: a process, its JSON-RPC, and nothing left of it afterwards. */
import type { z } from 'zod';
import { redactText } from '#proto/redact.ts';
import type { ProcessIdentity } from '../../../api/process-identity.ts';
import { type AgentExit, type AgentProcess, spawnAgent } from '../../agent-process.ts';
import { CLIENT_REQUESTS, type ClientMethod } from './protocol.ts';
import { createRpc, type RpcDeps } from './rpc.ts';

export interface AppServerDeps extends Pick<RpcDeps, 'onNotification' | 'onRequest'> {
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  namespaced: boolean;
  stopGraceMs: number;
  processStarting(identity: ProcessIdentity): Promise<void>;
  /** Aborted before it runs: it never does. */
  signal: AbortSignal;
}

export interface AppServer {
  call<M extends ClientMethod>(
    method: M,
    params: z.input<(typeof CLIENT_REQUESTS)[M]['params']>,
  ): Promise<z.output<(typeof CLIENT_REQUESTS)[M]['result']>>;
  readonly exited: Promise<AgentExit>;
  stop(): Promise<void>;
}

/** Answers are a matter of milliseconds; a machine that is this busy has other troubles. */
const CALL_TIMEOUT_MS = 60_000;
const LAST_WORDS_CHARACTERS_MAX = 2_000;
const CLIENT_NAME = 'openagents';

export async function openAppServer(deps: AppServerDeps): Promise<AppServer> {
  let words = '';
  let agent: AgentProcess | undefined;
  const rpc = createRpc({
    write: (line) => void agent?.input?.write(line),
    onNotification: deps.onNotification,
    onRequest: deps.onRequest,
  });
  agent = await spawnAgent({
    argv: deps.argv,
    cwd: deps.cwd,
    env: deps.env,
    namespaced: deps.namespaced,
    interactive: true,
    onOutput(stream, chunk) {
      if (stream === 'stdout') rpc.take(chunk);
      else words = (words + chunk.toString()).slice(-LAST_WORDS_CHARACTERS_MAX);
    },
    stopGraceMs: deps.stopGraceMs,
  });
  const { exited, stop } = agent;
  exited.then(
    () => rpc.close(`its process ended${because(words)}`),
    (error: unknown) => rpc.close(String(error)),
  );
  const server: AppServer = {
    exited,
    stop,
    async call(method, params) {
      const { params: schema, result } = CLIENT_REQUESTS[method];
      const answer = await rpc.call(method, schema.parse(params), CALL_TIMEOUT_MS);
      return result.parse(answer) as z.output<(typeof CLIENT_REQUESTS)[typeof method]['result']>;
    },
  };
  try {
    await deps.processStarting(agent.identity);
    deps.signal.throwIfAborted();
    agent.start();
    await server.call('initialize', {
      clientInfo: { name: CLIENT_NAME, title: null, version: '1' },
      capabilities: { experimentalApi: true, requestAttestation: false },
    });
    rpc.notify('initialized');
    return server;
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What it wrote to its standard error at last, without the stack trace that means something only to its makers. */
function because(words: string): string {
  const [said = ''] = words.split(/\n\s*Stack backtrace/, 1);
  return said.trim() ? `: ${redactText(said.trim())}` : '';
}
