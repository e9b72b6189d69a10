import { listRunCheckpoints, readRunSummary } from '#db/runtime/projection-checkpoints.ts';
import { listProjectionDrift, listRepairedDrift } from '#db/runtime/projection-drift.ts';
import { ProblemError } from '#proto/errors.ts';
import { parseTopic } from '#proto/topics.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { runIdOf, runNotFound } from '../runs/run-access.ts';

export function listCheckpoints(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.projectors.checkpoints'> {
  return async function listCheckpoints({ params }) {
    const runId = runIdOf(params);
    if (!(await readRunSummary(deps.sql, runId))) throw runNotFound();
    return { data: { checkpoints: await listRunCheckpoints(deps.sql, runId) } };
  };
}

export function showRunSummary(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.projectors.run_summary'> {
  return async function showRunSummary({ params }) {
    const summary = await readRunSummary(deps.sql, runIdOf(params));
    if (!summary) throw runNotFound();
    return { data: { summary } };
  };
}

/** What contradicts its log now, then what was set right, the newest first. */
export function listDrift({ sql }: RuntimeDeps): RuntimeHandler<'runtime.projectors.drift'> {
  return async function listDrift({ query }) {
    const topic = query.text('topic');
    const limit = query.count('limit');
    const entity = topic === undefined ? undefined : entityOf(topic);
    const found = await listProjectionDrift(sql, { entity_id: entity, limit });
    const repaired = await listRepairedDrift(sql, { entity_id: entity, limit });
    return { data: { drift: [...found, ...repaired].slice(0, limit) } };
  };
}

function entityOf(topic: string): string {
  const parsed = parseTopic(topic);
  if (parsed.ok && (parsed.topic.entity === 'run' || parsed.topic.entity === 'worker')) {
    return parsed.topic.id;
  }
  throw new ProblemError('invalid_request', 'Only runs and workers have projections.', {
    faults: [{ path: 'query.topic', reason: 'is not the topic of a run or a worker' }],
  });
}
