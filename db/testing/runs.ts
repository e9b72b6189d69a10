import { hashCanonical } from '#proto/canonical.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import { newId, type OrgId, type RunId, type UserId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import { insertRun } from '../runtime/runs.ts';
import { transaction } from '../transaction.ts';

export interface TestRun {
  run_id: RunId;
  user_id: UserId;
  org_id: OrgId | null;
}

export interface TestRunOptions {
  user_id?: UserId;
  org_id?: OrgId;
  objective?: string;
  created_at_ms?: number;
}

/** A run as `run.created` finds it: its row and topic exist, its log is empty. */
export async function createTestRun(sql: Sql, options: TestRunOptions = {}): Promise<TestRun> {
  const spec: RunSpec = {
    objective: options.objective ?? 'make the failing test pass',
    work_unit: 'agent_task',
    thread_id: '',
    org_id: options.org_id ?? '',
  };
  const run = {
    run_id: newId('run'),
    user_id: options.user_id ?? newId('user'),
    org_id: options.org_id ?? null,
  };
  await transaction(sql, (tx) =>
    insertRun(tx, {
      run_id: run.run_id,
      owner: { user_id: run.user_id },
      org_id: run.org_id,
      thread_id: newId('thread'),
      spec,
      objective_hash: hashCanonical(spec.objective),
      policy_bundle_id: null,
      create_fingerprint: null,
      created_at_ms: options.created_at_ms ?? Date.now(),
    }),
  );
  return run;
}
