import { listProjectionDrift } from '#db/runtime/projection-drift.ts';
import { type Rebuilt, rebuildAllRuns, rebuildRun } from '#db/runtime/projections.ts';
import { rebuildWorker } from '#db/runtime/worker-projection.ts';
import { ProblemError } from '#proto/errors.ts';
import type { ProjectionDrift } from '#proto/gen/types.ts';
import { parseTopic } from '#proto/topics.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { runNotFound } from '../runs/run-access.ts';
import { workerNotFound } from '../workers/worker-access.ts';

/** Differences beyond these are repaired as well, and counted, but not listed. */
const LISTED_DRIFT_MAX = 200;

/** Rebuilds read models from the log, which is the authority, and names what differed. */
export function reproject(deps: RuntimeDeps): RuntimeHandler<'runtime.projectors.reproject'> {
  return async function reproject({ body }) {
    if (body.run_id) {
      const rebuilt = await rebuildRun(deps.sql, body.run_id);
      if (!rebuilt) throw runNotFound();
      return { data: { rebuilt: '1', drift: driftOf(rebuilt) } };
    }
    if (body.worker_id) return { data: await reprojectWorker(deps, body.worker_id) };
    if (body.all) return { data: await reprojectAll(deps) };
    throw new ProblemError('invalid_request', 'Name a run, a worker, or all.', {
      faults: [{ path: '$', reason: 'sets none of run_id, worker_id, all' }],
    });
  };
}

export function listDrift(deps: RuntimeDeps): RuntimeHandler<'runtime.projectors.drift'> {
  return async function listDrift({ query }) {
    const topic = query.text('topic');
    const limit = query.count('limit');
    return {
      data: { drift: await listProjectionDrift(deps.sql, { run_id: runOf(topic), limit }) },
    };
  };
}

function runOf(topic: string | undefined): string | undefined {
  if (topic === undefined) return undefined;
  const parsed = parseTopic(topic);
  if (parsed.ok && parsed.topic.entity === 'run') return parsed.topic.id;
  throw new ProblemError('invalid_request', 'Only the topics of runs have projections.', {
    faults: [{ path: 'query.topic', reason: 'is not the topic of a run' }],
  });
}

async function reprojectAll({ sql }: RuntimeDeps) {
  const drift: ProjectionDrift[] = [];
  let rebuilt = 0;
  for await (const run of rebuildAllRuns(sql)) {
    rebuilt += 1;
    if (drift.length < LISTED_DRIFT_MAX) drift.push(...driftOf(run));
  }
  return { rebuilt: String(rebuilt), drift };
}

async function reprojectWorker({ sql }: RuntimeDeps, workerId: string) {
  const worker = await rebuildWorker(sql, workerId);
  if (!worker) throw workerNotFound();
  const { worker_id, last_seq, found_seq, drifted } = worker;
  const entry = repaired('codex_worker_summary', worker_id, last_seq, found_seq, drifted, '');
  return { rebuilt: '1', drift: entry };
}

function driftOf({ run_id, last_seq, projection_hash, drifted }: Rebuilt): ProjectionDrift[] {
  return repaired('run_summary', run_id, last_seq, last_seq, drifted, projection_hash);
}

function repaired(
  projection_name: string,
  entity_id: string,
  expected: bigint,
  found: bigint,
  drifted: readonly string[],
  expected_hash: string,
): ProjectionDrift[] {
  if (drifted.length === 0) return [];
  return [
    {
      projection_name,
      entity_id,
      drift_class: 'summary_hash_mismatch',
      expected_seq: String(expected),
      found_seq: String(found),
      expected_hash,
      found_hash: '',
      repaired: true,
    },
  ];
}
