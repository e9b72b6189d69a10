import type { WorkerRow } from '#db/runtime/workers.ts';
import { ProblemError } from '#proto/errors.ts';
import { isId, type WorkerId } from '#proto/ids.ts';
import type { Person } from '../../shared/http/caller.ts';

export function workerNotFound(): ProblemError {
  return new ProblemError('not_found', 'No such worker.');
}

export function workerIdOf(params: Readonly<Record<string, string>>): WorkerId {
  const { worker_id } = params;
  if (!isId('worker', worker_id)) throw workerNotFound();
  return worker_id;
}

/** A worker the person may see and use: their own, or one shared with their organisation. @throws ProblemError not_found */
export function visibleWorker(worker: WorkerRow | undefined, person: Person): WorkerRow {
  if (!worker) throw workerNotFound();
  const shared =
    worker.shared_with_org && worker.org_id !== null && worker.org_id === person.org_id;
  if (worker.user_id !== person.user_id && !shared) throw workerNotFound();
  return worker;
}

/** A worker whose host the person runs. @throws ProblemError not_found; forbidden where they may see it */
export function ownedWorker(worker: WorkerRow | undefined, person: Person): WorkerRow {
  const seen = visibleWorker(worker, person);
  if (seen.user_id === person.user_id) return seen;
  throw new ProblemError('forbidden', 'Only the owner of the worker may do that.');
}
