/**
 * A worker's life: statuses asked for by a host, its owner and the sweeper at once, under clocks that jump.
 *
 * 1. Staying is always allowed; nothing leads from an end to `stopping`, and nothing is skipped on the way back to life.
 * 2. The status in the row and the one that the log tells are the same at every moment.
 * 3. Alive is who holds a lease that has not run out; an end outweighs a lease.
 */
import {
  acceptsWork,
  heartbeatState,
  LEASE_MS,
  nextWorkerStatus,
  STATUS_AFTER_EVENT,
  type WorkerStatus,
} from '#workflows/worker/state.ts';
import type { Random } from '../random.ts';
import { must, mustEqual, type World } from '../world.ts';

export interface WorkerParts {
  nextWorkerStatus: typeof nextWorkerStatus;
  heartbeatState: typeof heartbeatState;
  statusAfterEvent: Readonly<Record<string, WorkerStatus>>;
}

const PARTS: WorkerParts = {
  nextWorkerStatus,
  heartbeatState,
  statusAfterEvent: STATUS_AFTER_EVENT,
};

const STATUSES: readonly WorkerStatus[] = ['starting', 'running', 'stopping', 'stopped', 'failed'];
/** Every legal change, written down once more. */
const LEGAL = new Set(
  'starting>running starting>stopping starting>failed running>stopping running>stopped running>failed stopping>stopped stopping>failed stopped>starting stopped>running failed>starting failed>running'.split(
    ' ',
  ),
);
const HOUR_MS = 3_600_000;

export function workerWorld(parts: WorkerParts = PARTS): World {
  return {
    name: 'worker',
    share: 10,
    play(random) {
      let status: WorkerStatus = 'running';
      let leaseExpiresAtMs: number | null = null;
      let nowMs = 1_700_000_000_000;
      const log = ['worker.started'];
      for (let step = random.below(40); step > 0; step -= 1) {
        nowMs += random.chance(0.05) ? -HOUR_MS : random.below(LEASE_MS);
        if (random.chance(0.4)) leaseExpiresAtMs = nowMs + LEASE_MS;
        const to = random.pick(STATUSES);
        const after = attempt(parts, status, to);
        const isLegal = to === status || LEGAL.has(`${status}>${to}`);
        mustEqual(after, isLegal ? to : null, `${status} to ${to}`);
        if (after !== null && after !== status) log.push(`worker.${after}`);
        status = after ?? status;
        mustEqual(statusOf(parts, log), status, 'the log tells the status of the row');
        checkLife(parts, { status, leaseExpiresAtMs }, nowMs, random);
      }
    },
  };
}

function attempt(parts: WorkerParts, from: WorkerStatus, to: WorkerStatus): WorkerStatus | null {
  try {
    return parts.nextWorkerStatus(from, to);
  } catch {
    return null;
  }
}

function statusOf(parts: WorkerParts, log: readonly string[]): WorkerStatus | undefined {
  const last = log.findLast((type) => type in parts.statusAfterEvent);
  return parts.statusAfterEvent[last ?? ''];
}

function checkLife(
  parts: WorkerParts,
  worker: { status: WorkerStatus; leaseExpiresAtMs: number | null },
  nowMs: number,
  random: Random,
): void {
  const seen = parts.heartbeatState(worker, nowMs);
  const { status, leaseExpiresAtMs } = worker;
  const isOver = status === 'stopped' || status === 'failed';
  must(!isOver || seen === status, 'an end outweighs a lease', { worker, seen });
  must(!isOver || !acceptsWork(status), 'nothing is sent to who has ended', worker);
  if (isOver) return;
  const expected =
    leaseExpiresAtMs === null ? 'missing' : leaseExpiresAtMs > nowMs ? 'fresh' : 'stale';
  mustEqual(seen, expected, 'alive is who holds a lease');
  if (seen !== 'stale') return;
  const later = parts.heartbeatState(worker, nowMs + random.below(HOUR_MS));
  mustEqual(later, 'stale', 'a lease that ran out stays so, however long nobody renews it');
}
