import { findWorker, renewLease } from '#db/runtime/workers.ts';
import { ProblemError } from '#proto/errors.ts';
import { formatTime } from '#proto/time.ts';
import { clampToInt64 } from '#proto/uint64.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { ownedWorker, workerIdOf } from './worker-access.ts';

/** Renews a lease. A host that lost its worker to another one, or to the sweeper, learns it here. */
export function renewWorkerLease(deps: RuntimeDeps): RuntimeHandler<'runtime.worker.heartbeat'> {
  const { sql, metrics, workerLeaseMs } = deps;
  return async function renewWorkerLease({ body, params, caller }) {
    const worker = ownedWorker(await findWorker(sql, workerIdOf(params)), requirePerson(caller));
    const renewed = await renewLease(sql, {
      worker_id: worker.worker_id,
      lease_epoch: clampToInt64(body.lease_epoch),
      lease_ms: workerLeaseMs,
      metadata_patch: body.metadata_patch ?? {},
    });
    if (!renewed?.lease_expires_at) {
      metrics.worker_leases_total.record(1, { action: 'renew', result: 'not_owner' });
      const { status, lease_epoch } = worker;
      throw new ProblemError(
        'conflict',
        `The worker is ${status} under lease ${lease_epoch}. Register again to take it up.`,
      );
    }
    metrics.worker_leases_total.record(1, { action: 'renew', result: 'renewed' });
    return {
      data: {
        lease_epoch: String(renewed.lease_epoch),
        lease_expires_at: formatTime(renewed.lease_expires_at.getTime()),
        status: renewed.status,
      },
    };
  };
}
