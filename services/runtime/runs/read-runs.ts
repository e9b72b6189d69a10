import { readRunEvents, runEventMessage } from '#db/runtime/run-events.ts';
import { listRuns, runMessage } from '#db/runtime/runs.ts';
import { ProblemError } from '#proto/errors.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { shownKey } from './host-key.ts';
import { readableRun, runIdOf, runNotFound } from './run-access.ts';

export function getRun(deps: RuntimeDeps): RuntimeHandler<'runtime.run.get'> {
  return async function getRun({ params, caller }) {
    const run = await readableRun(deps.sql, caller, runIdOf(params));
    return { data: { run: runMessage(run, deps.historyUrl(run.run_id)) } };
  };
}

export function listOwnRuns(deps: RuntimeDeps): RuntimeHandler<'runtime.run.list'> {
  return async function listOwnRuns({ query, caller }) {
    const { user_id, org_id } = requirePerson(caller);
    const wantedOrg = query.text('org_id');
    if (wantedOrg !== undefined && wantedOrg !== org_id) {
      throw new ProblemError('not_found', 'No such organisation.');
    }
    const page = await listRuns(
      deps.sql,
      { user_id, ...(org_id && { org_id }) },
      present({
        org_id: wantedOrg,
        status: query.text('status'),
        phase: query.text('phase'),
        work_unit: query.text('work_unit'),
        worker_id: query.text('worker_id'),
        thread_id: query.text('thread_id'),
      }),
      { limit: query.count('limit'), ...present({ cursor: query.text('cursor') }) },
    );
    const runs = page.runs.map((run) => runMessage(run, deps.historyUrl(run.run_id)));
    return { data: { runs, next_cursor: page.next_cursor } };
  };
}

export function listRunEvents(deps: RuntimeDeps): RuntimeHandler<'runtime.run.events.list'> {
  return async function listRunEvents({ params, query, caller }) {
    const runId = runIdOf(params);
    await readableRun(deps.sql, caller, runId);
    const afterSeq = query.position('after_seq') ?? 0n;
    const page = await readRunEvents(deps.sql, runId, {
      afterSeq,
      limit: query.count('limit'),
    });
    if (!page) throw runNotFound();
    const events = page.events.map((stored) => {
      const event = runEventMessage(runId, stored);
      return { ...event, idempotency_key: shownKey(event.idempotency_key) };
    });
    const asOfSeq = page.events.at(-1)?.seq ?? afterSeq;
    return {
      data: {
        events,
        epoch: page.epoch,
        head_seq: String(page.head_seq),
        as_of_seq: String(asOfSeq),
      },
    };
  };
}

/** Without the filters that were not given. */
function present<T extends Record<string, string | undefined>>(filters: T) {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== undefined && value !== ''),
  ) as { [K in keyof T]?: string };
}
