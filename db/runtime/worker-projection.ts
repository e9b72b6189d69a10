import { STATUS_AFTER_EVENT } from '#workflows/worker/state.ts';
import type { Sql } from '../connect.ts';
import { transaction } from '../transaction.ts';
import { lockWorker } from './workers.ts';

export interface RebuiltWorker {
  worker_id: string;
  last_seq: bigint;
  found_seq: bigint;
  /** The fields that differed from the log and were repaired. */
  drifted: string[];
}

/** Sets status and position of a worker to what its log says. What no event says, its lease above all, stays. */
export async function rebuildWorker(
  sql: Sql,
  workerId: string,
): Promise<RebuiltWorker | undefined> {
  return transaction(sql, async (tx) => {
    const before = await lockWorker(tx, workerId);
    if (!before) return undefined;
    const [log] = await tx<{ last_seq: bigint; last_type: string | null }[]>`
      select coalesce(max(seq), 0)::int8 as last_seq,
        (array_agg(event_type order by seq desc) filter (where event_type = any (${Object.keys(STATUS_AFTER_EVENT)})))[1]
          as last_type
      from runtime.worker_events where worker_id = ${workerId}`;
    const last_seq = log?.last_seq ?? 0n;
    const status = STATUS_AFTER_EVENT[log?.last_type ?? ''] ?? before.status;
    await tx`
      update runtime.workers set latest_seq = ${last_seq}, status = ${status} where worker_id = ${workerId}`;
    const drifted = [
      ...(before.latest_seq === last_seq ? [] : ['latest_seq']),
      ...(before.status === status ? [] : ['status']),
    ];
    return { worker_id: workerId, last_seq, found_seq: before.latest_seq, drifted };
  });
}
