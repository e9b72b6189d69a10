import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { stackLayout } from '../dev/layout.ts';
import { runningStack, type StackState } from '../dev/running.ts';

/** The local stack as a person starts it, on ports and data of its own. */
export interface StackProcess {
  env: NodeJS.ProcessEnv;
  directory: string;
  state(): StackState;
  output(): string;
  /** Sends the signal and waits for the end; the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
  child: ChildProcess;
}

const ROOT = join(import.meta.dirname, '..', '..');
const READY_DEADLINE_MS = 90_000;
const POLL_MS = 50;

/** A directory that Postgres's user may enter when root starts it. */
export async function stackDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'oa-stack-'));
  await chmod(directory, 0o755);
  return directory;
}

/** `root`: another checkout's stack. */
export async function startStackProcess(
  directory: string,
  more: NodeJS.ProcessEnv = {},
  root = ROOT,
): Promise<StackProcess> {
  const env = {
    ...process.env,
    OA_DATA_DIR: join(directory, 'data'),
    OA_CONFIG_HOME: join(directory, 'config'),
    OA_DATA_HOME: join(directory, 'home'),
    OA_PORTS: 'free',
    ...more,
  };
  const child = spawn(process.execPath, [join(root, 'ops', 'dev', 'start.ts')], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  child.stdout.on('data', (chunk) => lines.push(String(chunk)));
  child.stderr.on('data', (chunk) => lines.push(String(chunk)));
  const output = () => lines.join('');
  const deadline = Date.now() + READY_DEADLINE_MS;
  while (!output().includes('Ready in')) {
    if (child.exitCode !== null) throw new Error(`the stack ended: ${output()}`);
    if (Date.now() > deadline) {
      child.kill('SIGTERM');
      throw new Error(`the stack was not ready: ${output()}`);
    }
    await delay(POLL_MS);
  }
  return {
    env,
    directory,
    child,
    output,
    state() {
      const state = runningStack(stackLayout(env));
      if (!state) throw new Error('no stack runs');
      return state;
    },
    async stop(signal = 'SIGINT') {
      if (child.exitCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill(signal);
      const [code] = await ended;
      return code;
    },
  };
}

export async function removeStack(stack: StackProcess): Promise<void> {
  await stack.stop();
  await rm(stack.directory, { recursive: true, force: true });
}
