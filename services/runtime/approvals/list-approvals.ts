import { listApprovals } from '#db/runtime/approval-list.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { Query } from '../../shared/http/handler.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { readableRun, runIdOf } from '../runs/run-access.ts';

export function listAllApprovals(deps: RuntimeDeps): RuntimeHandler<'runtime.approval.list'> {
  return async function listAllApprovals({ query, caller }) {
    return { data: await page(deps, requirePerson(caller), query) };
  };
}

export function listRunApprovals(deps: RuntimeDeps): RuntimeHandler<'runtime.run.approval.list'> {
  return async function listRunApprovals({ params, query, caller }) {
    const { run_id } = await readableRun(deps.sql, caller, runIdOf(params));
    return { data: await page(deps, requirePerson(caller), query, run_id) };
  };
}

function page(
  { sql }: RuntimeDeps,
  { user_id, org_id }: { user_id: string; org_id: string },
  query: Query,
  run_id?: string,
) {
  const state = query.text('state');
  const cursor = query.text('cursor');
  return listApprovals(
    sql,
    { user_id, ...(org_id && { org_id }) },
    { ...(run_id && { run_id }), ...(state && { state }) },
    { limit: query.count('limit'), ...(cursor && { cursor }) },
  );
}
