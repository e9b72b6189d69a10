/**
 * Rebuilds read models from the log, which is the authority, and names what differed.
 *
 * 1. People rebuild what is theirs; an operator rebuilds anything, and alone may rebuild all.
 * 2. One call replays a bounded number of events; the cursor leads to the next.
 */
import { sampleRuns, sampleWorkers, withinEvents } from '#db/runtime/audit.ts';
import { findWorker } from '#db/runtime/workers.ts';
import { ProblemError } from '#proto/errors.ts';
import type { ProjectionDrift, ReprojectRequest } from '#proto/gen/types.ts';
import { isId } from '#proto/ids.ts';
import { type Person, requirePerson, requireScope } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { ownedRun, runNotFound } from '../runs/run-access.ts';
import { ownedWorker, workerNotFound } from '../workers/worker-access.ts';
import { type Findings, rebuildRunRow, rebuildWorkerRow } from './rebuild.ts';

/** Of one page of all: a few seconds of one connection, well within what a client waits. */
const ENTITIES_MAX = 100;
const EVENTS_MAX = 20_000n;

interface Rebuilt {
  rebuilt: string;
  drift: ProjectionDrift[];
  next_cursor: string;
}

export function reproject(deps: RuntimeDeps): RuntimeHandler<'runtime.projectors.reproject'> {
  return async function reproject({ body, caller, requestId }) {
    const person = requirePerson(caller);
    const data = await rebuild(deps, person, body);
    const { rebuilt, drift } = data;
    const target = body.run_id || body.worker_id || 'all';
    const counted = { by: person.user_id, request_id: requestId, target, rebuilt };
    deps.logger.info({ ...counted, drift: drift.length }, 'read models rebuilt on request');
    return { data };
  };
}

async function rebuild(
  deps: RuntimeDeps,
  person: Person,
  { run_id, worker_id, all, cursor }: ReprojectRequest,
): Promise<Rebuilt> {
  if (run_id) return one(await reprojectRun(deps, person, run_id));
  if (worker_id) return one(await reprojectWorker(deps, person, worker_id));
  if (all) {
    requireScope(person, 'ops.read');
    return reprojectPage(deps, cursor);
  }
  throw new ProblemError('invalid_request', 'Name a run, a worker, or all.', {
    faults: [{ path: '$', reason: 'sets none of run_id, worker_id, all' }],
  });
}

async function reprojectRun({ sql }: RuntimeDeps, person: Person, runId: string) {
  if (!isId('run', runId)) throw runNotFound();
  if (!isOperator(person)) await ownedRun(sql, person, runId);
  const findings = await rebuildRunRow(sql, runId);
  if (!findings) throw runNotFound();
  return findings;
}

async function reprojectWorker({ sql }: RuntimeDeps, person: Person, workerId: string) {
  if (!isId('worker', workerId)) throw workerNotFound();
  if (!isOperator(person)) ownedWorker(await findWorker(sql, workerId), person);
  const findings = await rebuildWorkerRow(sql, workerId);
  if (!findings) throw workerNotFound();
  return findings;
}

function isOperator({ scopes }: Person): boolean {
  return scopes.includes('ops.read');
}

function one(findings: Findings): Rebuilt {
  return { ...summed([findings]), next_cursor: '' };
}

/** Runs in the order of their ids, then workers. */
async function reprojectPage({ sql }: RuntimeDeps, cursor: string): Promise<Rebuilt> {
  const [kind, after = ''] = cursor.split(':');
  if (kind === 'worker') {
    const ids = await sampleWorkers(sql, { afterWorkerId: after, limit: ENTITIES_MAX });
    const found = [];
    for (const id of ids) found.push(await rebuildWorkerRow(sql, id));
    const last = ids.length < ENTITIES_MAX ? undefined : ids.at(-1);
    return { ...summed(found), next_cursor: last ? `worker:${last}` : '' };
  }
  const sampled = await sampleRuns(sql, { afterRunId: after, limit: ENTITIES_MAX });
  const runs = withinEvents(sampled, EVENTS_MAX);
  const found = [];
  for (const { run_id } of runs) found.push(await rebuildRunRow(sql, run_id));
  const isLast = sampled.length < ENTITIES_MAX && runs.length === sampled.length;
  return { ...summed(found), next_cursor: isLast ? 'worker:' : `run:${runs.at(-1)?.run_id}` };
}

/** A log that does not verify is found, and nothing is rebuilt from it. */
function summed(found: readonly (Findings | undefined)[]): Pick<Rebuilt, 'rebuilt' | 'drift'> {
  const drift = found.flatMap((findings) => findings ?? []);
  const looked = found.filter((findings) => findings !== undefined).length;
  const broken = drift.filter(({ repaired }) => !repaired).length;
  return { rebuilt: String(looked - broken), drift };
}
