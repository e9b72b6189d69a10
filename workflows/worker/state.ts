/**
 * A worker's life, as pure rules.
 *
 * 1. A worker is `starting`, `running`, `stopping`, `stopped` or `failed`; staying where it is is always allowed.
 * 2. Whether it is alive is another question, answered by its lease alone.
 */
import type { HeartbeatState, WorkerStatus as WireStatus } from '#proto/gen/types.ts';

export type WorkerStatus = Exclude<WireStatus, ''>;

/** A host that says nothing for this long is lost. An installation may set its own. */
export const LEASE_MS = 45_000;
/** Three renewals in a lease, so that one slow request is no loss. */
const RENEWALS_PER_LEASE = 3;

export function leaseRenewMs(leaseMs: number): number {
  return Math.floor(leaseMs / RENEWALS_PER_LEASE);
}

const NEXT: Readonly<Record<WorkerStatus, readonly WorkerStatus[]>> = {
  starting: ['running', 'stopping', 'failed'],
  running: ['stopping', 'stopped', 'failed'],
  stopping: ['stopped', 'failed'],
  stopped: ['starting', 'running'],
  failed: ['starting', 'running'],
};

export class IllegalWorkerTransition extends Error {
  override readonly name = 'IllegalWorkerTransition';

  constructor(from: WorkerStatus, to: WorkerStatus) {
    const allowed = NEXT[from].join(', ');
    super(`A ${from} worker cannot become ${to}; from ${from} it can become ${allowed}.`);
  }
}

/** The status after a request to change it. @throws IllegalWorkerTransition naming both ends. */
export function nextWorkerStatus(from: WorkerStatus, to: WorkerStatus): WorkerStatus {
  if (from === to || NEXT[from].includes(to)) return to;
  throw new IllegalWorkerTransition(from, to);
}

/** The lifecycle events of a worker, and the status that each leaves: what its log says, whatever its row does. */
export const STATUS_AFTER_EVENT: Readonly<Record<string, WorkerStatus>> = {
  'worker.started': 'running',
  'worker.starting': 'starting',
  'worker.running': 'running',
  'worker.stopping': 'stopping',
  'worker.stopped': 'stopped',
  'worker.failed': 'failed',
};

/** Whether new work may be sent to a worker in this status. */
export function acceptsWork(status: WorkerStatus): boolean {
  return status === 'starting' || status === 'running';
}

export function heartbeatState(
  worker: { status: WorkerStatus; leaseExpiresAtMs: number | null },
  nowMs: number,
): Exclude<HeartbeatState, ''> {
  if (worker.status === 'stopped' || worker.status === 'failed') return worker.status;
  if (worker.leaseExpiresAtMs === null) return 'missing';
  return worker.leaseExpiresAtMs > nowMs ? 'fresh' : 'stale';
}
