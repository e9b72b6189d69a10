import { gatheredRead } from '#db/gathered-read.ts';
import { type RunRow, readRunFor } from '#db/runtime/runs.ts';
import type { Queryable } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { isId, type RunId } from '#proto/ids.ts';
import { type Caller, type Person, requirePerson } from '../../shared/http/caller.ts';

export function runNotFound(): ProblemError {
  return new ProblemError('not_found', 'No such run.');
}

export function runClosed(status: string): ProblemError {
  return new ProblemError('run_closed', `The run has ended: ${status}.`);
}

export function runIdOf(params: Readonly<Record<string, string>>): RunId {
  const { run_id } = params;
  if (!isId('run', run_id)) throw runNotFound();
  return run_id;
}

/** A run that the caller may read: their own, or one of their organisation. @throws ProblemError not_found */
export async function readableRun(sql: Queryable, caller: Caller, runId: RunId): Promise<RunRow> {
  const { user_id, org_id } = requirePerson(caller);
  const run = await readRunFor(sql, runId, { user_id, ...(org_id && { org_id }) });
  if (!run) throw runNotFound();
  return run;
}

/**
 * A run that the caller may command: their own.
 *
 * @throws ProblemError not_found; forbidden where they may read it, so that its existence is no news
 */
export async function ownedRun(sql: Queryable, caller: Caller, runId: RunId): Promise<RunRow> {
  const run = await readableRun(sql, caller, runId);
  if (run.user_id !== requirePerson(caller).user_id) {
    throw new ProblemError('forbidden', 'Only the owner of the run may do that.');
  }
  return run;
}

export interface HeldRun {
  run_id: RunId;
  status: RunRow['status'];
  user_id: string | null;
  /** Whose machine works on it now. */
  worker_user_id: string | null;
}

/**
 * A run that the caller may write the log of: the host that holds it, or its owner.
 *
 * @throws ProblemError not_found
 */
export async function heldRun(sql: Queryable, person: Person, runId: RunId): Promise<HeldRun> {
  return heldBy(person, (await readHolders(sql, [runId])).get(runId));
}

/** The same for the hot path: it stands before every batch of events, so those that ask at once share a query. */
export function heldRuns(sql: Queryable): (person: Person, runId: RunId) => Promise<HeldRun> {
  const read = gatheredRead((runIds: readonly RunId[]) => readHolders(sql, runIds));
  return async (person, runId) => heldBy(person, await read(runId));
}

async function readHolders(
  sql: Queryable,
  runIds: readonly RunId[],
): Promise<ReadonlyMap<RunId, HeldRun>> {
  const rows = await sql<HeldRun[]>`
    select r.run_id, r.status, r.user_id, w.user_id as worker_user_id
    from runtime.runs r left join runtime.workers w on w.worker_id = r.worker_id
    where r.run_id = any (${[...runIds]}::text[])`;
  return new Map(rows.map((row) => [row.run_id, row]));
}

function heldBy(person: Person, run: HeldRun | undefined): HeldRun {
  const holds = run?.user_id === person.user_id || run?.worker_user_id === person.user_id;
  if (!run || !holds) throw runNotFound();
  return run;
}
