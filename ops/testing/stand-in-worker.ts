/** A worker that a test plays itself, on a stack whose parts come and go: registered, with its lease kept. */
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { typeidUnboxed } from 'typeid-js';
import { type Ask, asPerson } from './person.ts';
import type { StackProcess } from './stack-process.ts';

const RETRY_MS = 200;
const RENEW_MS = 5_000;

export interface StandInWorker {
  ask: Ask;
  workerId: string;
  stop(): void;
}

export async function standInWorker(stack: StackProcess): Promise<StandInWorker> {
  const keyFile = join(stack.directory, 'data', 'keys', 'service-control.json');
  const { runtime = '' } = stack.state().addresses;
  const ask = await asPerson(keyFile, runtime, typeidUnboxed('user'));
  const { data } = await ask('POST', '/v1/workers', { adapter: 'command' });
  const { worker_id: workerId = '', lease_epoch } = (data as { worker: Record<string, string> })
    .worker;
  const renewing = setInterval(() => {
    // Lost while a part is down; the lease outlives that.
    ask('POST', `/v1/workers/${workerId}/heartbeat`, { lease_epoch }).catch(() => undefined);
  }, RENEW_MS);
  return { ask, workerId, stop: () => clearInterval(renewing) };
}

/** The request that asks this worker for a turn of the run; undefined while there is none. */
export async function pendingTurn({ ask, workerId }: StandInWorker, runId: string) {
  const { data } = await ask('GET', `/v1/workers/${workerId}/requests?state=pending`);
  return list(data, 'requests').find(
    (open) => open['run_id'] === runId && open['method'] === 'turn/start',
  );
}

/** Looks until something is found; a look that fails, because a part is down, is repeated like one that finds nothing. */
export async function throughOutages<T>(
  deadlineMs: number,
  look: () => Promise<T | undefined>,
): Promise<T> {
  const untilMs = Date.now() + deadlineMs;
  let last: unknown = 'nothing';
  while (Date.now() < untilMs) {
    try {
      const found = await look();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await delay(RETRY_MS);
  }
  throw new Error(`not within ${deadlineMs} ms; last: ${String(last)}`);
}

export function list(data: unknown, name: string): Record<string, unknown>[] {
  return (data as Record<string, Record<string, unknown>[]>)[name] ?? [];
}
