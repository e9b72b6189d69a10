import { listApprovalsOfWorker } from '#db/runtime/approvals.ts';
import { topicCursor } from '#db/runtime/topic-cursor.ts';
import { appendWorkerEvent, publishWorkerSummary } from '#db/runtime/worker-events.ts';
import {
  insertWorker,
  lockWorker,
  reattachWorker,
  type WorkerDescription,
  type WorkerRow,
  workerMessage,
} from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { RegisterWorkerRequest, TopicPosition } from '#proto/gen/types.ts';
import { isId, type WorkerId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { leaseRenewMs } from '#workflows/worker/state.ts';
import { type Person, requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { HINTED_RUNS_MAX, runsWaitingForWorker } from './runs-of-worker.ts';
import { workerNotFound } from './worker-access.ts';

/** Registers a worker under a new lease, or gives its owner's host its worker back. */
export function registerWorker(deps: RuntimeDeps): RuntimeHandler<'runtime.worker.register'> {
  const { sql, journal, workflows, metrics, now, workerLeaseMs } = deps;

  return async function registerWorker({ body, caller, command }) {
    const person = requirePerson(caller);
    const workerId = wantedId(body, person) ?? command.id('worker');
    let orphaned: Awaited<ReturnType<typeof listApprovalsOfWorker>> = [];
    const answer = await transaction(sql, async (tx) => {
      const { worker: attached, isNew } = await attach(tx, {
        workerId,
        body,
        person,
        lease_ms: workerLeaseMs,
      });
      // A host registers when it starts: whoever asked before has died with the life before.
      if (!isNew) orphaned = await listApprovalsOfWorker(tx, workerId, HINTED_RUNS_MAX);
      const { latest_seq, positions } = await recordStart(tx, attached);
      const worker = { ...attached, latest_seq };
      positions.push(...(await publishWorkerSummary(tx, journal, worker, now())));
      const topic = topics.workerEvents(workerId);
      const { epoch, head_seq } = await topicCursor(tx, topic);
      return command.complete(tx, {
        status: isNew ? 201 : 200,
        data: {
          worker: workerMessage(worker, now()),
          topic,
          epoch,
          head_seq: String(head_seq),
          lease_ms: workerLeaseMs,
          renew_ms: leaseRenewMs(workerLeaseMs),
        },
        positions,
      });
    });
    metrics.worker_leases_total.record(1, { action: 'register', result: 'acquired' });
    for (const { run_id, approval_ids } of orphaned) {
      workflows.approvalsOrphaned(run_id, { approval_ids, reason: 'its host was started anew' });
    }
    for (const runId of await runsWaitingForWorker(sql, person)) {
      workflows.workerAvailable(runId, workerId);
    }
    return answer;
  };

  async function recordStart(
    tx: Tx,
    worker: WorkerRow,
  ): Promise<{ latest_seq: bigint; positions: TopicPosition[] }> {
    const { workspace_ref, adapter, lease_epoch } = worker;
    const started = await appendWorkerEvent(tx, journal, worker, {
      event_type: 'worker.started',
      payload: { status: 'running', workspace_ref, adapter, lease_epoch: String(lease_epoch) },
    });
    return { latest_seq: started.seq, positions: started.positions };
  }
}

function wantedId(body: RegisterWorkerRequest, person: Person): WorkerId | undefined {
  if (body.org_id !== '' && body.org_id !== person.org_id) {
    throw fault('$.org_id', 'is not the organisation you act in');
  }
  if (body.shared_with_org && body.org_id === '') {
    throw fault('$.shared_with_org', 'needs an org_id');
  }
  if (body.worker_id === '') return undefined;
  if (isId('worker', body.worker_id)) return body.worker_id;
  throw fault('$.worker_id', 'is not a worker id; leave it empty for a new one');
}

function fault(path: string, reason: string): ProblemError {
  return new ProblemError('invalid_request', 'The worker cannot be registered like this.', {
    faults: [{ path, reason }],
  });
}

async function attach(
  tx: Tx,
  registration: {
    workerId: WorkerId;
    body: RegisterWorkerRequest;
    person: Person;
    lease_ms: number;
  },
): Promise<{ worker: WorkerRow; isNew: boolean }> {
  const { workerId: worker_id, body, lease_ms } = registration;
  const { user_id } = registration.person;
  const description: WorkerDescription & { lease_ms: number } = {
    workspace_ref: body.workspace_ref,
    codex_home_ref: body.codex_home_ref,
    adapter: body.adapter,
    labels: body.labels,
    metadata: body.metadata ?? {},
    shared_with_org: body.shared_with_org,
    lease_ms,
  };
  const org_id = body.org_id || null;
  const inserted = await insertWorker(tx, { ...description, worker_id, user_id, org_id });
  if (inserted) return { worker: inserted, isNew: true };
  const known = await lockWorker(tx, worker_id);
  if (known?.user_id !== user_id) throw workerNotFound();
  const worker = await reattachWorker(tx, worker_id, description);
  if (!worker) throw workerNotFound();
  return { worker, isNew: false };
}
