import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Layout } from '../dev/layout.ts';

export interface Oa {
  /** How a person calls a command that reaches this stack. */
  spelled: string;
  /** Runs a command in front of the person; its exit code. */
  show(args: string[]): Promise<number>;
  /** Logs in with the code that control prints, unless a session is there. */
  ensureLogin(email: string): Promise<void>;
  /** Starts an agent host below a directory and waits until it is registered. */
  startWorker(root: string, ...flags: string[]): Promise<StartedWorker>;
}

export interface StartedWorker {
  pid: number;
  workerId: string;
  stop(): Promise<void>;
}

export interface OaOptions {
  layout: Layout;
  control: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

const LAUNCHER = './bin/oa';
const DEFAULT_CONTROL = 'http://127.0.0.1:8787';
const WORKER_DEADLINE_MS = 30_000;
const LOGIN_CODE_DEADLINE_MS = 15_000;
const POLL_MS = 50;

export function createOa(options: OaOptions): Oa {
  const { layout, control, signal } = options;
  const main = join(layout.root, 'clients', 'cli', 'main.ts');
  const env: NodeJS.ProcessEnv = { ...options.env, OA_CALLED_AS: LAUNCHER };
  const spelled = [LAUNCHER];
  if (control !== DEFAULT_CONTROL) {
    env['OA_CONTROL_URL'] = control;
    spelled.unshift(`OA_CONTROL_URL=${control}`);
  }

  function oa(args: string[], stdio: 'inherit' | 'pipe'): ChildProcess {
    const child = spawn(process.execPath, [main, ...args], { env, stdio });
    const end = () => child.kill('SIGTERM');
    signal.addEventListener('abort', end, { once: true });
    child.once('exit', () => signal.removeEventListener('abort', end));
    return child;
  }

  return {
    spelled: spelled.join(' '),
    async show(args) {
      const [code] = await once(oa(args, 'inherit'), 'exit');
      return Number(code ?? 1);
    },
    async ensureLogin(email) {
      const whoami = oa(['whoami', '--json'], 'pipe');
      const [known] = await once(whoami, 'exit');
      if (known === 0) return;
      const log = join(layout.logs, 'control.log');
      const from = existsSync(log) ? (await readFile(log, 'utf8')).length : 0;
      const login = oa(['login', '--email', email, '--code', '-'], 'pipe');
      const output = collect(login);
      const ended = once(login, 'exit');
      const given = await loginCode(log, from, email).catch((error: unknown) => {
        login.kill();
        throw error;
      });
      login.stdin?.end(`${given}\n`);
      const [code] = await ended;
      if (code !== 0) throw new Error(`oa login failed: ${output()}`);
    },
    async startWorker(root, ...flags) {
      const worker = oa(['worker', 'start', '--root', root, '--json', ...flags], 'pipe');
      const output = collect(worker);
      const deadline = Date.now() + WORKER_DEADLINE_MS;
      const registered = () => /"worker_id":"([^"]+)"/.exec(output())?.[1];
      while (!registered()) {
        if (worker.exitCode !== null) throw new Error(`oa worker start ended: ${output()}`);
        if (Date.now() > deadline) throw new Error(`no worker within 30 s: ${output()}`);
        await delay(POLL_MS);
      }
      return {
        pid: worker.pid ?? 0,
        workerId: registered() ?? '',
        async stop() {
          if (worker.exitCode !== null || worker.signalCode !== null) return;
          const ended = once(worker, 'exit');
          worker.kill('SIGTERM');
          await ended;
        },
      };
    },
  };
}

async function loginCode(log: string, from: number, email: string): Promise<string> {
  const deadline = Date.now() + LOGIN_CODE_DEADLINE_MS;
  while (Date.now() < deadline) {
    const text = existsSync(log) ? await readFrom(log, from) : '';
    const code = text.match(new RegExp(`login code for ${email}: ([0-9A-Za-z-]+)`))?.[1];
    if (code) return code;
    await delay(POLL_MS);
  }
  throw new Error('control printed no login code within 15 s');
}

async function readFrom(file: string, start: number): Promise<string> {
  const chunks: string[] = [];
  for await (const chunk of createReadStream(file, { start, encoding: 'utf8' })) chunks.push(chunk);
  return chunks.join('');
}

function collect(child: ChildProcess): () => string {
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => chunks.push(String(chunk)));
  }
  return () => chunks.join('');
}
