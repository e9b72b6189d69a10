import { topicCursor } from '#db/runtime/topic-cursor.ts';
import { ProblemError } from '#proto/errors.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { startRun } from './start-run.ts';

export function createRun(deps: RuntimeDeps): RuntimeHandler<'runtime.run.create'> {
  return async function createRun({ body, caller, command }) {
    if (!body.spec) throw new ProblemError('invalid_request', 'The body has no spec.');
    const started = await startRun(deps, {
      run_id: command.id('run'),
      thread_id: command.id('thread'),
      spec: body.spec,
      person: requirePerson(caller),
      command: command.context,
    });
    const { run_id, topic, seq, positions } = started;
    const { epoch } = await topicCursor(deps.sql, topic);
    return { data: { run_id, topic, seq, epoch, history_url: deps.historyUrl(run_id) }, positions };
  };
}
