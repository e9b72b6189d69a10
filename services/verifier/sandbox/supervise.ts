/** The life of one command: start, bounded output, bounded time, and an end that leaves no process behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { BOOTSTRAP_FAULT_EXIT_CODE, BOOTSTRAP_FAULTS } from './bootstrap.ts';
import { collectOutput, type Output } from './output.ts';
import {
  type Ended,
  KILLED_EXIT_CODE,
  SandboxFault,
  type SandboxOutcome,
  WorkspaceTooLargeError,
  WorkspaceUnusableError,
} from './sandbox.ts';

export interface SupervisedCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Open files passed on, from descriptor 3. */
  readonly descriptors: readonly number[];
  readonly wallMs: number;
  readonly outputBytes: number;
  readonly cwd?: string;
  /** Whether the command leads a process group of its own, by which it is killed. */
  readonly ownGroup?: boolean;
  readonly kill: (child: ChildProcess) => void;
  readonly memoryKills: () => number;
}

/** What bubblewrap and our first process say about themselves; a command's own words never come here. */
const COMPLAINT_BYTES_MAX = 4_096;

/** A pipe can outlive its process where nothing but a process group bounds the command. */
const DRAIN_MS_MAX = 2_000;

export async function supervise(
  command: SupervisedCommand,
  signal: AbortSignal,
): Promise<SandboxOutcome> {
  signal.throwIfAborted();
  const startedAt = performance.now();
  const child = spawn(command.program, command.args, {
    env: command.env as NodeJS.ProcessEnv,
    ...(command.cwd && { cwd: command.cwd }),
    stdio: ['ignore', 'pipe', 'pipe', ...command.descriptors],
    detached: command.ownGroup ?? false,
  });
  let stopped: Exclude<Ended, 'exited'> | null = null;
  const stop = (reason: Exclude<Ended, 'exited'>) => {
    stopped ??= reason;
    command.kill(child);
  };
  const output = collectOutput(command.outputBytes, () => stop('output_limit'));
  const complaint = collectOutput(COMPLAINT_BYTES_MAX, () => undefined);
  child.stdout?.on('data', output.take);
  child.stderr?.on('data', complaint.take);
  const onAbort = () => stop('killed');
  signal.addEventListener('abort', onAbort, { once: true });
  const clock = setTimeout(() => stop('timed_out'), command.wallMs);
  try {
    const exitCode = await ended(child);
    signal.throwIfAborted();
    refuseFaults(complaint.finish(), exitCode, stopped);
    const outOfMemory = stopped === null && exitCode !== 0 && command.memoryKills() > 0;
    return {
      exitCode: stopped ? KILLED_EXIT_CODE : exitCode,
      ended: stopped ?? (outOfMemory ? 'memory_limit' : 'exited'),
      durationMs: Math.round(performance.now() - startedAt),
      output: output.finish(),
    };
  } finally {
    clearTimeout(clock);
    signal.removeEventListener('abort', onAbort);
    command.kill(child);
  }
}

function ended(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    const code = () => child.exitCode ?? KILLED_EXIT_CODE;
    child.once('error', (error) => reject(new SandboxFault(error.message, { cause: error })));
    child.once('close', () => resolve(code()));
    child.once('exit', () => {
      setTimeout(() => {
        child.stdout?.destroy();
        child.stderr?.destroy();
      }, DRAIN_MS_MAX).unref();
    });
  });
}

/** What `tar` says. */
const SAID_OF_NO_ROOM = /No space left|Disk quota exceeded/;
const SAID_OF_UNUSABLE =
  /Permission denied|File name too long|Is a directory|Not a directory|File exists|Directory not empty/;

function refuseFaults(complaint: Output, exitCode: number, stopped: Ended | null): void {
  if (stopped !== null || exitCode === 0) return;
  const text = Buffer.from(complaint.bytes).toString('utf8').trim();
  const { unpack, pack } = BOOTSTRAP_FAULTS;
  // A tree of thousands of faults fills the complaint before our own word comes.
  const isDrowned = complaint.limitReached && exitCode === BOOTSTRAP_FAULT_EXIT_CODE;
  if (text.includes(unpack) || text.includes(pack) || isDrowned) {
    const isUnusable = !SAID_OF_NO_ROOM.test(text) && (isDrowned || SAID_OF_UNUSABLE.test(text));
    throw new (isUnusable ? WorkspaceUnusableError : WorkspaceTooLargeError)(text);
  }
  if (/^(bwrap|setpriv|prlimit): /m.test(text)) throw new SandboxFault(text);
}
