/** Driver `command`: a program in the run's work tree, sandboxed, as the smallest honest agent. */
import { createHash } from 'node:crypto';
import { createWriteStream, type WriteStream } from 'node:fs';
import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { hashCanonical } from '#proto/canonical.ts';
import type { JsonObject, SandboxMode as SandboxModeText } from '#proto/gen/types.ts';
import { redactText } from '#proto/redact.ts';
import { PRIVATE_FILE_MODE } from '../../api/atomic-file.ts';
import { spawnAgent } from '../agent-process.ts';
import type { Environment } from '../git.ts';
import { OutputCoalescer } from '../output.ts';
import { REQUEST_MARK, reapMarked, STOP_GRACE_MS } from '../process-group.ts';
import type { Confinement, Sandbox, SandboxMode } from '../sandbox.ts';
import { isBelow, type Workspace } from '../workspace.ts';
import {
  type AgentDriver,
  type StopReason,
  type TurnContext,
  type TurnOutcome,
  TurnRefusedError,
  type TurnRequest,
} from './driver.ts';

export interface CommandDriverDeps {
  sandbox: Sandbox;
  /** The host's environment; only what `passEnvironment` and the list below name reaches the agent. */
  environment: Environment;
  /** Further variables the operator lets agents see, e.g. an API key. */
  passEnvironment: readonly string[];
  /** Paths no sandboxed agent may read. */
  hidden: readonly string[];
  now(): number;
  stopGraceMs?: number;
}

/** What a program needs to find its tools and to print text. Everything else of the host stays with the host. */
const PASSED_VARIABLES = [
  'PATH',
  'HOME',
  'USER',
  'LOGNAME',
  'SHELL',
  'LANG',
  'LC_ALL',
  'LC_CTYPE',
  'TZ',
];
/** Shown in the tool result; the whole output lies in its artifact. */
const PREVIEW_CHARACTERS_MAX = 2_048;
/** Shells add this to the number of a signal; the number itself is not known portably, SIGKILL's is. */
const EXIT_KILLED = 137;

export function createCommandDriver(deps: CommandDriverDeps): AgentDriver {
  return { name: 'command', runTurn: (request, context) => runTurn(deps, request, context) };
}

async function runTurn(
  deps: CommandDriverDeps,
  request: TurnRequest,
  context: TurnContext,
): Promise<TurnOutcome> {
  const { workspace } = context;
  const argv = await resolveCommand(request.agent.command, workspace);
  await mkdir(context.turnDirectory, { recursive: true });
  const feedbackPath = join(context.turnDirectory, 'feedback.txt');
  await writeFile(feedbackPath, request.feedback, { mode: PRIVATE_FILE_MODE });
  const wrapped = await deps.sandbox.wrap(argv, {
    mode: sandboxMode(request.agent.sandbox),
    workTree: workspace.workTree,
    readable: [
      workspace.gitDirectory,
      ...workspace.borrowedObjects,
      feedbackPath,
      ...executable(argv),
    ],
    hidden: deps.hidden,
  });

  const call = describeCall(request, wrapped.confinement);
  context.emit({ event_type: 'tool.call', payload: call.payload, sheddable: false });
  const output = collectOutput(deps, request, context, call.id);
  const startedAt = deps.now();
  const agent = await spawnAgent({
    argv: wrapped.argv,
    cwd: workspace.workTree,
    env: agentEnvironment(deps, request, feedbackPath),
    namespaced: wrapped.confinement.tool === 'bubblewrap',
    onOutput: output.push,
    stopGraceMs: deps.stopGraceMs ?? STOP_GRACE_MS,
  });

  const stop = () => void agent.stop();
  context.signal.addEventListener('abort', stop, { once: true });
  output.onLimit(stop);
  try {
    await context.processStarting(agent.identity);
    if (context.signal.aborted) await agent.stop();
    else agent.start();
    const exit = await agent.exited;
    // Nothing of the agent may change the work tree while the patch is taken.
    await agent.stop();
    // Out of a namespace that ended nothing can have escaped.
    if (wrapped.confinement.tool === 'none') await reapMarked(request.requestId);
    const stopped = output.overLimit() ? 'output_limit' : stopReason(context.signal);
    const exitCode = exit.exitCode ?? EXIT_KILLED;
    const file = await output.finish();
    context.emit({
      event_type: 'tool.result',
      sheddable: false,
      payload: {
        tool_call_id: call.id,
        tool_name: 'command',
        state: resultState(stopped, exitCode),
        output_hash: file.sha256,
        latency_ms: Math.max(0, Math.round(deps.now() - startedAt)),
        exit_code: exitCode,
        side_effects: sideEffects(wrapped.confinement),
        output_preview: output.tail(),
      },
    });
    return {
      status: stopped ? 'interrupted' : exitCode === 0 ? 'completed' : 'failed',
      exitCode,
      output: file,
      stopped,
      detail: { confinement: { ...wrapped.confinement } },
    };
  } finally {
    context.signal.removeEventListener('abort', stop);
    await agent.stop();
  }
}

/**
 * The program: absolute, by name on the PATH, or with a slash, which means the run's work tree and then the source
 * checkout (a script that is not committed yet).
 */
async function resolveCommand(command: readonly string[], workspace: Workspace): Promise<string[]> {
  const [program, ...rest] = command;
  if (!program) throw new TurnRefusedError('invalid_request', 'agent.command names no program');
  if (isAbsolute(program) || !program.includes('/')) return [program, ...rest];
  for (const base of [workspace.workTree, workspace.sourcePath]) {
    if (base === undefined) continue;
    const found = await realpath(join(base, program)).catch(() => undefined);
    if (found !== undefined && isBelow(await realpath(base), found)) return [found, ...rest];
  }
  throw new TurnRefusedError(
    'invalid_request',
    `${program} is neither in the repository nor absolute`,
  );
}

/** A script outside the usual places (a checkout below /tmp) must stay visible inside the sandbox. */
function executable(argv: readonly string[]): string[] {
  return argv.filter((word, index) => isAbsolute(word) && index === 0);
}

function sandboxMode(text: SandboxModeText): SandboxMode {
  return text === '' ? 'workspace_write' : text;
}

function agentEnvironment(
  deps: CommandDriverDeps,
  request: TurnRequest,
  feedbackPath: string,
): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const name of [...PASSED_VARIABLES, ...deps.passEnvironment]) {
    const value = deps.environment[name];
    if (value !== undefined) passed[name] = value;
  }
  return {
    ...passed,
    TMPDIR: '/tmp',
    OA_RUN_ID: request.runId,
    OA_TURN: String(request.turn),
    OA_OBJECTIVE: request.objective,
    OA_FEEDBACK_FILE: feedbackPath,
    [REQUEST_MARK]: request.requestId,
  };
}

function describeCall(request: TurnRequest, confinement: Confinement) {
  const input: JsonObject = {
    command: request.agent.command.map(redactText),
    sandbox: { ...confinement },
  };
  const id = `${request.requestId}/1`;
  const payload: JsonObject = {
    tool_call_id: id,
    tool_name: 'command',
    input,
    params_hash: hashCanonical(input),
  };
  return { id, payload };
}

function collectOutput(
  deps: CommandDriverDeps,
  request: TurnRequest,
  context: TurnContext,
  toolCallId: string,
) {
  const path = join(context.turnDirectory, 'output.txt');
  const hash = createHash('sha256');
  let file: WriteStream | undefined;
  let storedBytes = 0;
  let bytes = 0;
  let tail = '';
  let limitReached: (() => void) | undefined;
  let failure: Error | undefined;
  const coalescer = new OutputCoalescer({
    now: deps.now,
    onText(text) {
      file ??= openOutput(path, (error) => {
        failure ??= error;
        limitReached?.();
      });
      if (failure) return;
      file.write(text);
      hash.update(text);
      storedBytes += Buffer.byteLength(text);
      tail = (tail + text).slice(-PREVIEW_CHARACTERS_MAX);
    },
    onProgress({ stream, text }) {
      context.emit({
        event_type: 'tool.progress',
        payload: { tool_call_id: toolCallId, stream, text },
        sheddable: true,
      });
    },
  });
  return {
    push(stream: 'stdout' | 'stderr', chunk: Uint8Array) {
      const room = request.outputBytesMax - bytes;
      bytes += chunk.length;
      if (room > 0) coalescer.push(stream, chunk.subarray(0, room));
      if (bytes > request.outputBytesMax && room >= 0) limitReached?.();
    },
    onLimit(stop: () => void) {
      limitReached = stop;
      if (bytes > request.outputBytesMax) stop();
    },
    overLimit: () => bytes > request.outputBytesMax,
    tail: () => tail.toWellFormed(),
    async finish() {
      coalescer.end();
      if (file && !failure) await finished(file);
      if (failure) throw failure;
      return { path, sha256: `sha256:${hash.digest('hex')}`, bytes: storedBytes };
    },
  };
}

/** A disk may be full at any write; the agent is stopped then, as nobody could say what it printed. */
function openOutput(path: string, onFailure: (error: Error) => void): WriteStream {
  const file = createWriteStream(path, { mode: PRIVATE_FILE_MODE });
  file.on('error', onFailure);
  return file;
}

function finished(file: WriteStream): Promise<void> {
  return new Promise((resolve) => {
    file.once('error', () => resolve());
    file.end(resolve);
  });
}

function stopReason(signal: AbortSignal): StopReason | undefined {
  return signal.aborted ? (signal.reason as StopReason) : undefined;
}

function resultState(stopped: StopReason | undefined, exitCode: number): string {
  if (stopped === 'deadline') return 'timed_out';
  if (stopped === 'output_limit') return 'failed';
  if (stopped) return 'canceled';
  return exitCode === 0 ? 'succeeded' : 'failed';
}

function sideEffects(confinement: Confinement): string[] {
  const effects = confinement.mode === 'read_only' ? [] : ['workspace_write'];
  return confinement.tool === 'none' ? [...effects, 'unsandboxed'] : effects;
}
