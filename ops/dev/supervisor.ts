/**
 * Runs the parts of the stack as processes of their own.
 *
 * 1. A part starts when the parts it needs are ready, and is ready when its own check says so.
 * 2. A part that ends by itself is started again, and again while it does not become ready, as what it needs may have
 *    ended too; after a bounded number of attempts, and at the very first start after one, the stack stops.
 * 3. Stopping goes in the reverse order of starting, each part within a bounded time, and leaves no process behind.
 * 4. Where the kernel offers it, a part dies with the supervisor, however that one dies.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface Part {
  name: string;
  command: string;
  args: string[];
  env?: Record<string, string>;
  uid?: number;
  gid?: number;
  needs: string[];
  /** Runs once, before the first start and after what the part needs is ready. */
  prepare?: () => Promise<void>;
  /** Resolves true when the part serves. */
  isReady: () => Promise<boolean>;
  stopSignal?: NodeJS.Signals;
}

export type PartState = 'starting' | 'ready' | 'restarting' | 'stopped' | 'failed';

export interface SupervisorEvents {
  onState(part: Part, state: PartState, elapsedMs: number): void;
  onLine(part: Part, line: string): void;
  /** The pids that are alive now, after each change: for whoever cleans up after a supervisor that was killed. */
  onPids(pids: Record<string, number>): void;
}

export interface Supervisor {
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Rejects when a part fails for good. */
  failed: Promise<never>;
}

const READY_DEADLINE_MS = 60_000;
const READY_POLL_MS = 25;
/** Longer than the services' own drain, so that SIGKILL is for what hangs. */
const STOP_DEADLINE_MS = 12_000;
const RESTART_DELAY_MS = 500;
/** With a growing delay between them some 8 s, in which the ground is up again. */
const RESTARTS_MAX = 5;

export function createSupervisor(parts: Part[], events: SupervisorEvents): Supervisor {
  const children = new Map<string, ChildProcess>();
  const ready = new Map<string, Promise<void>>();
  let stopping = false;
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => {});

  function reportPids(): void {
    const alive = [...children].flatMap(([name, child]) => (child.pid ? [[name, child.pid]] : []));
    events.onPids(Object.fromEntries(alive));
  }

  function launch(part: Part): ChildProcess {
    const { command, args } = bindToSupervisor(part);
    const child = spawn(command, args, {
      env: { ...process.env, ...part.env },
      uid: part.uid,
      gid: part.gid,
      // A group of its own: Ctrl-C at the terminal reaches the supervisor alone, which stops the parts in order.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.set(part.name, child);
    reportPids();
    for (const stream of [child.stdout, child.stderr]) {
      if (stream) eachLine(stream, (line) => events.onLine(part, line));
    }
    child.once('error', (error) => fail(new Error(`${part.name}: ${error.message}`)));
    child.once('exit', () => {
      children.delete(part.name);
      reportPids();
    });
    return child;
  }

  async function bringUp(part: Part): Promise<void> {
    await Promise.all(part.needs.map((name) => ready.get(name)));
    if (stopping) return;
    await part.prepare?.();
    await becomeReady(part, 'starting').catch((error: unknown) => {
      events.onState(part, 'failed', 0);
      throw error;
    });
  }

  async function becomeReady(part: Part, state: 'starting' | 'restarting'): Promise<void> {
    const startedAt = performance.now();
    const elapsedMs = () => performance.now() - startedAt;
    events.onState(part, state, 0);
    const child = launch(part);
    while (!(await part.isReady())) {
      if (stopping) return;
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`${part.name} ended with ${child.signalCode ?? `code ${child.exitCode}`}`);
      }
      if (elapsedMs() > READY_DEADLINE_MS) {
        throw new Error(`${part.name} was not ready within ${READY_DEADLINE_MS / 1000} s`);
      }
      await delay(READY_POLL_MS);
    }
    events.onState(part, 'ready', elapsedMs());
    child.once('exit', () => {
      if (!stopping) void restart(part);
    });
    if (hasEnded(child) && !stopping) void restart(part);
  }

  async function restart(part: Part, attempt = 1): Promise<void> {
    if (children.has(part.name)) return;
    await delay(RESTART_DELAY_MS * attempt);
    if (stopping || children.has(part.name)) return;
    await becomeReady(part, 'restarting').catch((error: Error) => {
      if (attempt < RESTARTS_MAX) return restart(part, attempt + 1);
      events.onState(part, 'failed', 0);
      return fail(error);
    });
  }

  return {
    failed,
    async start() {
      for (const part of inOrder(parts)) ready.set(part.name, bringUp(part));
      await Promise.all(ready.values());
    },
    async stop() {
      stopping = true;
      for (const wave of waves(parts).reverse()) {
        await Promise.all(wave.map((part) => end(part, children.get(part.name))));
        for (const part of wave) events.onState(part, 'stopped', 0);
      }
    },
  };
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(part: Part, child: ChildProcess | undefined): Promise<void> {
  if (!child || hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(part.stopSignal ?? 'SIGTERM');
  const killer = setTimeout(() => child.kill('SIGKILL'), STOP_DEADLINE_MS);
  await ended;
  clearTimeout(killer);
}

const SETPRIV = '/usr/bin/setpriv';

function bindToSupervisor(part: Part): { command: string; args: string[] } {
  if (process.platform !== 'linux' || !existsSync(SETPRIV) || part.uid !== undefined) {
    return { command: part.command, args: part.args };
  }
  const signal = (part.stopSignal ?? 'SIGTERM').replace('SIG', '');
  return { command: SETPRIV, args: ['--pdeathsig', signal, part.command, ...part.args] };
}

/** The parts by distance from the ground: a wave needs only parts of the waves before it. */
export function waves(parts: Part[]): Part[][] {
  const depth = new Map<string, number>();
  for (const part of inOrder(parts)) {
    depth.set(part.name, 1 + Math.max(-1, ...part.needs.map((name) => depth.get(name) ?? 0)));
  }
  const result: Part[][] = [];
  for (const part of parts) {
    const level = depth.get(part.name) ?? 0;
    result[level] = [...(result[level] ?? []), part];
  }
  return result;
}

function inOrder(parts: Part[]): Part[] {
  const placed = new Set<string>();
  const order: Part[] = [];
  while (order.length < parts.length) {
    const next = parts.find(
      (part) => !placed.has(part.name) && part.needs.every((name) => placed.has(name)),
    );
    if (!next) throw new Error('the parts need each other in a circle, or one that is not there');
    placed.add(next.name);
    order.push(next);
  }
  return order;
}

function eachLine(stream: NodeJS.ReadableStream, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line) onLine(line);
  });
  stream.on('end', () => {
    if (rest) onLine(rest);
  });
}
