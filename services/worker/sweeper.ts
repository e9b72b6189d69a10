/**
 * Acts on what time has ended, which no message announces.
 *
 * 1. Several workers may sweep at once: every act is a transaction that looks again under a lock, every signal a hint.
 * 2. What is found is found again by the next sweep until it is dealt with, so a crash between commit and signal costs one
 *    interval. A signal is not repeated within `RESIGNAL_MS`.
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import type { Sql } from '#db/connect.ts';
import { databaseTime } from '#db/database-clock.ts';
import { listDispatchable } from '#db/runtime/dispatch.ts';
import type { Journal } from '#db/runtime/journal.ts';
import { noteUnreachedRun } from '#db/runtime/open-runs.ts';
import { ensureSyncPartitions } from '#db/runtime/partitions.ts';
import {
  type EndingLease,
  listEndingLeases,
  listOrphanedTurns,
  listOverdueRequests,
} from '#db/runtime/sweep.ts';
import { appendWorkerEvent, publishWorkerSummary } from '#db/runtime/worker-events.ts';
import { endWorkerRequest } from '#db/runtime/worker-requests.ts';
import { lockWorker, setWorkerStatus } from '#db/runtime/workers.ts';
import { transaction } from '#db/transaction.ts';
import {
  runWorkflowId,
  workerAvailableSignal,
  workerLostSignal,
  workerReceiptSignal,
} from '#workflows/run/messages.ts';

/** One sweep acts on at most this many of a kind; the next one follows within the interval. */
const FOUND_MAX = 100;

/** A run answers a signal within milliseconds; one that does not is busy, and is told again after this. */
const RESIGNAL_MS = 10_000;

/** Partitions reach a week ahead, so a day may pass unlooked at many times over before rows wait in the default one. */
const PARTITIONS_EVERY_MS = 6 * 60 * 60 * 1_000;

export type SweptKind = 'lease_expired' | 'request_overdue' | 'turn_orphaned' | 'run_dispatchable';

export interface SweeperDeps {
  sql: Sql;
  journal: Pick<Journal, 'publishIn'>;
  client: Client;
  now(): number;
  count(kind: SweptKind): void;
}

export interface Sweeper {
  /** Milliseconds until the next lease ends, unless it is renewed; undefined where none is held. */
  sweep(): Promise<number | undefined>;
}

export function createSweeper(deps: SweeperDeps): Sweeper {
  const { sql, journal, client, now, count } = deps;
  const signalledAtMs = new Map<string, number>();
  let partitionedAtMs = Number.NEGATIVE_INFINITY;

  async function keepPartitionsAhead(): Promise<void> {
    if (now() - partitionedAtMs < PARTITIONS_EVERY_MS) return;
    await ensureSyncPartitions(sql);
    partitionedAtMs = now();
  }

  /** Whether this signal is due, and notes that it is given. */
  function isDue(key: string): boolean {
    const last = signalledAtMs.get(key);
    if (last !== undefined && now() - last < RESIGNAL_MS) return false;
    signalledAtMs.set(key, now());
    return true;
  }

  function forgetOldSignals(): void {
    for (const [key, atMs] of signalledAtMs) {
      if (now() - atMs >= RESIGNAL_MS) signalledAtMs.delete(key);
    }
  }

  async function expireLease(workerId: string): Promise<void> {
    await transaction(sql, async (tx) => {
      const worker = await lockWorker(tx, workerId);
      const expiresAt = worker?.lease_expires_at;
      if (!worker || !expiresAt || expiresAt > (await databaseTime(tx))) return;
      const failed = await setWorkerStatus(tx, workerId, 'failed');
      const { seq } = await appendWorkerEvent(tx, journal, failed, {
        event_type: 'worker.failed',
        payload: { reason: 'lease_expired', lease_epoch: String(worker.lease_epoch) },
      });
      await publishWorkerSummary(tx, journal, { ...failed, latest_seq: seq }, now());
      count('lease_expired');
    });
  }

  async function endOverdue(request: {
    worker_id: string;
    request_id: string;
    method: string;
    run_id: string | null;
  }): Promise<void> {
    const error = { code: 'timeout', message: 'the worker did not answer before the deadline' };
    const closed = await transaction(sql, (tx) =>
      endWorkerRequest(tx, journal, request, { ok: false, ...error }),
    );
    if (!closed || closed.replayed) return;
    count('request_overdue');
    if (request.run_id && request.method === 'turn/start') {
      const { worker_id, request_id } = request;
      await signal(request.run_id, (handle) =>
        handle.signal(workerReceiptSignal, { worker_id, request_id, ok: false, error }),
      );
    }
  }

  async function signal(
    runId: string,
    send: (handle: ReturnType<Client['workflow']['getHandle']>) => Promise<void>,
  ): Promise<void> {
    try {
      await send(client.workflow.getHandle(runWorkflowId(runId)));
    } catch (error) {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
      // It has ended meanwhile, or lost its history: then the reconciler is told.
      await noteUnreachedRun(sql, runId);
    }
  }

  return {
    async sweep() {
      forgetOldSignals();
      await keepPartitionsAhead();
      const leases = await listEndingLeases(sql, FOUND_MAX);
      const isEnded = (lease: EndingLease) => lease.expires_in_ms <= 0;
      for (const { worker_id } of leases.filter(isEnded)) await expireLease(worker_id);
      for (const request of await listOverdueRequests(sql, FOUND_MAX)) await endOverdue(request);
      for (const turn of await listOrphanedTurns(sql, FOUND_MAX)) {
        const { run_id, worker_id, status } = turn;
        const lease_epoch = String(turn.lease_epoch);
        if (!isDue(`lost/${run_id}/${worker_id}/${lease_epoch}`)) continue;
        count('turn_orphaned');
        const reason = status === 'stopped' ? 'the worker was stopped' : 'the lease expired';
        await signal(run_id, (handle) =>
          handle.signal(workerLostSignal, { worker_id, lease_epoch, reason }),
        );
      }
      for (const { run_id, worker_id } of await listDispatchable(sql, FOUND_MAX)) {
        if (!isDue(`available/${run_id}/${worker_id}`)) continue;
        count('run_dispatchable');
        await signal(run_id, (handle) => handle.signal(workerAvailableSignal, { worker_id }));
      }
      return leases.find((lease) => !isEnded(lease))?.expires_in_ms;
    },
  };
}

/**
 * Sweeps until `abort`, every interval and whenever a lease ends: a run whose host fell silent waits for its lease, and not
 * for the next look. A failed sweep is logged, counted and followed by the next.
 */
export async function sweepForever(
  sweeper: Sweeper | { sweep(): Promise<void> },
  options: { intervalMs: number; abort: AbortSignal; onFailure: (error: unknown) => void },
): Promise<void> {
  const { intervalMs, abort, onFailure } = options;
  while (!abort.aborted) {
    const leaseEndsInMs = await sweeper.sweep().catch(onFailure);
    const pauseMs = Math.min(intervalMs, leaseEndsInMs || intervalMs);
    await delay(pauseMs, undefined, { signal: abort }).catch(() => undefined);
  }
}
