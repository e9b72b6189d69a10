/** What a process holds in memory. Linux only. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** Settings of a process that collects its garbage when it is told to. */
export const COLLECTING_ENV = {
  NODE_OPTIONS: `--import=${join(import.meta.dirname, 'collect-on-signal.ts')}`,
};

/** Collections hand pages back a little later. */
const SETTLE_MS = 1_000;
const COLLECTIONS = 3;

export function residentBytes(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? Number.NaN) * 1_024;
}

/** Of what is really held: after collections, once the pages were handed back. */
export async function settledBytes(pid: number): Promise<number> {
  for (let count = 0; count < COLLECTIONS; count += 1) {
    process.kill(pid, 'SIGUSR2');
    await delay(SETTLE_MS);
  }
  return residentBytes(pid);
}

/** The most that it held until `done`. */
export async function peakBytes(pid: number, done: Promise<unknown>): Promise<number> {
  let peak = residentBytes(pid);
  const look = setInterval(() => {
    peak = Math.max(peak, residentBytes(pid));
  }, LOOK_MS);
  try {
    await done;
    return Math.max(peak, residentBytes(pid));
  } finally {
    clearInterval(look);
  }
}

/** Queues fill and empty within some hundred milliseconds. */
const LOOK_MS = 20;
