import { readRun } from '#db/runtime/runs.ts';
import { findThread } from '#db/runtime/threads.ts';
import { findWorker } from '#db/runtime/workers.ts';
import { hashCanonical } from '#proto/canonical.ts';
import { type FieldFault, ProblemError } from '#proto/errors.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import type { RunId } from '#proto/ids.ts';
import { topics } from '#proto/topics.ts';
import { INPUT_BYTES_MAX } from '#workflows/run/limits.ts';
import type { CommandContext, CreateRunResult, RunInput } from '#workflows/run/messages.ts';
import { decide, policySet } from '#workflows/run/policy.ts';
import type { Person } from '../../shared/http/caller.ts';
import type { RuntimeDeps } from '../deps.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { visibleWorker } from '../workers/worker-access.ts';
import { specFaults } from './spec-faults.ts';

export interface RunStart {
  run_id: RunId;
  /** The spec's, or of a new thread. */
  thread_id: string;
  spec: RunSpec;
  person: Person;
  command: CommandContext;
}

/**
 * Starts a run for a person: what it names must be theirs, and the policy must allow it.
 *
 * @throws ProblemError invalid_request, not_found, policy_denied, payload_too_large, service_unavailable
 */
export async function startRun(deps: RuntimeDeps, start: RunStart): Promise<CreateRunResult> {
  const { workflows, metrics, now } = deps;
  const startedMs = performance.now();
  const { person, command } = start;
  await assertSpec(deps, person, start.spec);
  const spec = keptSpec(start.spec);
  const policy = policySet();
  const decision = decide(policy, { point: 'create', spec });
  if (decision.decision === 'deny') {
    throw new ProblemError('policy_denied', `${decision.explanation} (${decision.reason_code})`);
  }
  const input: RunInput = {
    run_id: start.run_id,
    owner: { user_id: person.user_id },
    org_id: spec.org_id,
    thread_id: start.thread_id,
    spec,
    objective_hash: hashCanonical(spec.objective),
    policy,
    command,
    created_at_ms: now(),
  };
  assertInputSize(input);
  const created = await workflows.create(input).catch((error: unknown) => {
    recordStart('failed');
    throw error;
  });
  recordStart('created');
  if (created !== 'ended') return created;
  return endedSince(deps, start.run_id);

  function recordStart(outcome: string): void {
    metrics.run_start_duration_seconds.record((performance.now() - startedMs) / 1000, { outcome });
  }
}

/** The spec as it is kept; its harness, which has no secret, as it is run. */
function keptSpec(given: RunSpec): RunSpec {
  const spec = withoutSecrets(given);
  const harness = given.verification?.harness;
  if (!spec.verification || !harness) return spec;
  return { ...spec, verification: { ...spec.verification, harness } };
}

async function assertSpec(deps: RuntimeDeps, person: Person, spec: RunSpec): Promise<void> {
  const faults: FieldFault[] = specFaults(spec);
  if (spec.org_id !== '' && spec.org_id !== person.org_id) {
    faults.push({ path: '$.spec.org_id', reason: 'is not the organisation you act in' });
  }
  if (faults.length > 0) {
    throw new ProblemError('invalid_request', 'The spec cannot become a run.', { faults });
  }
  const workerId = spec.worker?.worker_id;
  if (workerId) visibleWorker(await findWorker(deps.sql, workerId), person);
  if (spec.thread_id !== '') {
    const thread = await findThread(deps.sql, spec.thread_id);
    if (thread?.user_id !== person.user_id) throw new ProblemError('not_found', 'No such thread.');
  }
}

function assertInputSize(input: RunInput): void {
  const bytes = Buffer.byteLength(JSON.stringify(input));
  if (bytes <= INPUT_BYTES_MAX) return;
  const detail = `The spec is too large to start a run with: ${bytes} of ${INPUT_BYTES_MAX} bytes.`;
  throw new ProblemError('payload_too_large', detail);
}

/** The answer to a create whose run began under this key and is over: `run.created` is the log's first event. */
async function endedSince({ sql }: RuntimeDeps, runId: RunId): Promise<CreateRunResult> {
  const run = await readRun(sql, runId);
  if (!run) throw new ProblemError('service_unavailable', 'The run could not be recorded.');
  const topic = topics.runEvents(runId);
  return { run_id: runId, topic, seq: '1', positions: [{ topic, seq: '1' }] };
}
