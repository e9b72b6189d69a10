import { ProblemError } from '#proto/errors.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { ownedRun, runClosed, runIdOf } from './run-access.ts';

/** Cancels a run; durable when it answers, whatever the worker does then. */
export function cancelRun(deps: RuntimeDeps): RuntimeHandler<'runtime.run.cancel'> {
  return async function cancelRun({ body, params, caller, command }) {
    const run = await ownedRun(deps.sql, caller, runIdOf(params));
    const { status, positions } = await deps.workflows
      .cancel(run.run_id, {
        ...withoutSecrets({ reason: body.reason }),
        requested_by: caller.principal,
        command: command.context,
      })
      .catch((error: unknown) => {
        if (!isTerminalStatus(run.status)) throw error;
        throw new ProblemError('conflict', `The run has ended: ${run.status}.`, { cause: error });
      });
    return { data: { run_id: run.run_id, status, cancel_requested: true }, positions };
  };
}

/** Asks the worker to stop the turn under way; the run stays, and waits to be told how to go on. */
export function interruptRun(deps: RuntimeDeps): RuntimeHandler<'runtime.run.interrupt'> {
  return async function interruptRun({ body, params, caller, command }) {
    const run = await ownedRun(deps.sql, caller, runIdOf(params));
    if (isTerminalStatus(run.status)) throw runClosed(run.status);
    const { turn, positions } = await deps.workflows.interrupt(run.run_id, {
      ...withoutSecrets({ reason: body.reason }),
      requested_by: caller.principal,
      command: command.context,
    });
    return { data: { run_id: run.run_id, turn }, positions };
  };
}
