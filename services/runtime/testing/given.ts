import { createJournal } from '#db/runtime/journal.ts';
import { insertRun } from '#db/runtime/runs.ts';
import { transaction } from '#db/transaction.ts';
import { hashCanonical } from '#proto/canonical.ts';
import { newId, parseId, type RunId } from '#proto/ids.ts';
import { messageOf } from '#proto/validate.ts';
import type { TestPerson, TestRuntime } from './runtime-process.ts';

/** A run as its first activity leaves it, for tests that need no workflow behind it. */
export async function giveRun(
  { database }: TestRuntime,
  owner: TestPerson,
  more: { org_id?: string; worker_id?: string } = {},
): Promise<RunId> {
  const run_id = newId('run');
  const spec = messageOf('openagents.runtime.v1.RunSpec', {
    objective: 'make the test pass',
    work_unit: 'agent_task',
    agent: { driver: 'command', command: ['true'] },
  });
  const journal = createJournal({ sql: database.runtime, hint: () => {} });
  await transaction(database.runtime, async (tx) => {
    await insertRun(tx, {
      run_id,
      owner: { user_id: parseId('user', owner.user_id) },
      org_id: more.org_id ? parseId('org', more.org_id) : null,
      thread_id: newId('thread'),
      spec,
      objective_hash: hashCanonical(spec.objective),
      policy_bundle_id: null,
      create_fingerprint: null,
      created_at_ms: Date.now(),
    });
    await journal.appendIn(tx, {
      run_id,
      origin: 'platform',
      events: [{ event_type: 'run.created', payload: {}, idempotency_key: 'run:created' }],
      patch: more.worker_id ? { worker_id: parseId('worker', more.worker_id) } : {},
    });
  });
  return run_id;
}

/** A worker that its owner has just registered. */
export async function giveWorker(owner: TestPerson, more: object = {}): Promise<string> {
  const answer = await owner.ask('/v1/workers', { json: { adapter: 'command', ...more } });
  if (answer.status !== 201) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json.data.worker.worker_id;
}
