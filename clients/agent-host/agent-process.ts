import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { identifyProcess, type ProcessIdentity } from '../api/process-identity.ts';
import { stopGroup } from './process-group.ts';

/**
 * An agent's process group. Nothing of the agent runs before its identity can be written down: the child waits at a
 * gate, a line on descriptor 3, that `start` sends. A host that is killed before closes the gate, and the child ends
 * without having run.
 */
export interface AgentProcess {
  readonly identity: ProcessIdentity;
  start(): void;
  readonly exited: Promise<AgentExit>;
  /** Its standard input, where the command asked for one. */
  readonly input: Writable | undefined;
  /** SIGTERM to the group, SIGKILL after the grace. Resolves when nothing of the group is left. */
  stop(): Promise<void>;
}

export interface AgentExit {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface AgentCommand {
  argv: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string>>;
  /** It is a bubblewrap that names its namespace's first process on NAMESPACE_INFO_FD. */
  namespaced?: boolean;
  /** It is talked to on its standard input; without, that is empty. */
  interactive?: boolean;
  onOutput(stream: 'stdout' | 'stderr', chunk: Uint8Array): void;
  /** Between SIGTERM and SIGKILL. */
  stopGraceMs: number;
}

/** Run by `sh -c`, with the command as its arguments. */
export const GATE = 'IFS= read -r go <&3 && [ "$go" = go ] || exit 125; exec 3<&-; exec "$@"';
/** The first that bubblewrap says, in JSON. */
const NAMESPACE_INIT = /"child-pid": (\d+)/;
/** A grandchild may hold the pipes for ever; this long its output is still read after the agent itself ended. */
const PIPE_GRACE_MS = 1_000;

export async function spawnAgent(command: AgentCommand): Promise<AgentProcess> {
  const child = spawn('/bin/sh', ['-c', GATE, 'sh', ...command.argv], {
    cwd: command.cwd,
    env: command.env,
    detached: true,
    stdio: [
      command.interactive ? 'pipe' : 'ignore',
      ...['pipe' as const, 'pipe' as const, 'pipe' as const],
      ...(command.namespaced ? ['pipe' as const] : []),
    ],
  });
  const [input, stdout, stderr, gate, namespace] = child.stdio as AgentStreams;
  let namespaceInit: number | undefined;
  namespace?.once('data', (text: Buffer) => {
    const pid = NAMESPACE_INIT.exec(text.toString('utf8'))?.[1];
    if (pid !== undefined) namespaceInit = Number(pid);
  });
  const exited = waitForExit(child, [stdout, stderr]);
  stdout.on('data', (chunk: Buffer) => command.onOutput('stdout', chunk));
  stderr.on('data', (chunk: Buffer) => command.onOutput('stderr', chunk));
  for (const stream of [gate, input]) {
    stream?.on('error', () => {
      // EPIPE: the child has ended; its exit tells.
    });
  }
  const identity = child.pid === undefined ? undefined : await identifyProcess(child.pid);
  if (identity === undefined) {
    await exited;
    throw new Error('the agent process ended before it was started');
  }
  let stopped: Promise<void> | undefined;
  return {
    identity,
    start: () => gate.end('go\n'),
    exited,
    input: input ?? undefined,
    stop() {
      stopped ??= stopGroup(identity, command.stopGraceMs, namespaceInit);
      return stopped;
    },
  };
}

type AgentStreams = [Writable | null, Readable, Readable, Writable, Readable | undefined];

function waitForExit(child: ChildProcess, outputs: Readable[]): Promise<AgentExit> {
  const exited = new Promise<AgentExit>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => {
      setTimeout(() => {
        for (const output of outputs) output.destroy();
      }, PIPE_GRACE_MS).unref();
    });
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal }));
  });
  // Awaited later; a failure to spawn must not end the host before.
  exited.catch(() => undefined);
  return exited;
}
