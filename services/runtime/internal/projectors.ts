import { listRunCheckpoints, readRunSummary } from '#db/runtime/projection-checkpoints.ts';
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
