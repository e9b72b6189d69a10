import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Layout } from './layout.ts';
import { identify, isAlive, type ProcessIdentity } from './process-table.ts';

/** What a running stack writes down for the next command: who it is, what it started, where it answers. */
export interface StackState {
  supervisor: ProcessIdentity;
  parts: Record<string, ProcessIdentity>;
  addresses: Record<string, string>;
}

export class StackRunningError extends Error {
  readonly state: StackState;

  constructor(state: StackState) {
    super(`a stack is already running here (pid ${state.supervisor.pid})`);
    this.name = 'StackRunningError';
    this.state = state;
  }
}

/** The state of the stack that runs on this data directory, if one does. */
export function runningStack(layout: Layout): StackState | undefined {
  const state = readState(layout);
  return state && isAlive(state.supervisor) ? state : undefined;
}

/**
 * Takes the data directory for this process and ends what a supervisor that was killed left behind.
 * Throws {@link StackRunningError} when another one holds it.
 */
export async function claimStack(layout: Layout): Promise<StackClaim> {
  mkdirSync(layout.data, { recursive: true });
  const self = identify(process.pid);
  if (!self) throw new Error('this process cannot be identified');
  takeLock(layout, self);
  const left = Object.values(readState(layout)?.parts ?? {}).filter(isAlive);
  await endAll(left);
  const state: StackState = { supervisor: self, parts: {}, addresses: {} };
  writeState(layout, state);
  return {
    reaped: left.length,
    record(change) {
      Object.assign(state, change);
      writeState(layout, state);
    },
    release() {
      rmSync(layout.state, { force: true });
      rmSync(layout.lock, { force: true });
    },
  };
}

export interface StackClaim {
  /** How many processes of an earlier stack were still alive and were ended. */
  reaped: number;
  record(change: Partial<StackState>): void;
  release(): void;
}

function takeLock(layout: Layout, self: ProcessIdentity): void {
  try {
    writeFileSync(layout.lock, JSON.stringify(self), { flag: 'wx' });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const holder = readJson<ProcessIdentity>(layout.lock);
    if (holder && isAlive(holder)) {
      const empty = { supervisor: holder, parts: {}, addresses: {} };
      throw new StackRunningError(readState(layout) ?? empty);
    }
    rmSync(layout.lock, { force: true });
    takeLock(layout, self);
  }
}

/** Long enough for Postgres to write its checkpoint. */
const REAP_DEADLINE_MS = 10_000;
const REAP_POLL_MS = 50;

async function endAll(processes: ProcessIdentity[]): Promise<void> {
  // SIGINT is Postgres's fast shutdown and ends the services as SIGTERM does.
  for (const { pid } of processes) process.kill(pid, 'SIGINT');
  const deadline = Date.now() + REAP_DEADLINE_MS;
  while (processes.some(isAlive) && Date.now() < deadline) {
    await delay(REAP_POLL_MS);
  }
  for (const { pid } of processes.filter(isAlive)) process.kill(pid, 'SIGKILL');
}

function readState(layout: Layout): StackState | undefined {
  return readJson<StackState>(layout.state);
}

function writeState(layout: Layout, state: StackState): void {
  const next = `${layout.state}.${process.pid}`;
  writeFileSync(next, `${JSON.stringify(state, null, 2)}\n`);
  renameSync(next, layout.state);
}

function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as T;
  } catch {
    // Absent, or cut off by a crash in the middle of its first write: as good as absent.
    return undefined;
  }
}
