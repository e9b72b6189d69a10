import { joinThread } from '#db/runtime/threads.ts';
import { topicCursor } from '#db/runtime/topic-cursor.ts';
import { transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { startRun } from './start-run.ts';

export function createRun(deps: RuntimeDeps): RuntimeHandler<'runtime.run.create'> {
  return async function createRun({ body, caller, command }) {
    const { spec } = body;
    if (!spec) throw new ProblemError('invalid_request', 'The body has no spec.');
    const person = requirePerson(caller);
    const thread_id = spec.thread_id || command.id('thread');
    const { run_id, topic, seq, positions } = await startRun(deps, {
      run_id: command.id('run'),
      thread_id,
      spec,
      person,
      command: command.context,
    });
    return transaction(deps.sql, async (tx) => {
      const { user_id } = person;
      await joinThread(tx, { thread_id, run_id, user_id, org_id: spec.org_id || null });
      const { epoch } = await topicCursor(tx, topic);
      const history_url = deps.historyUrl(run_id);
      return command.complete(tx, { data: { run_id, topic, seq, epoch, history_url }, positions });
    });
  };
}
