/** Starting runs in a lab and looking at what became of them. */
import { WithStartWorkflowOperation, type WorkflowHandle } from '@temporalio/client';
import { listRunReceipts } from '#db/runtime/receipts.ts';
import { readPayload, readRunEvents } from '#db/runtime/run-events.ts';
import { type RunRow, readRun } from '#db/runtime/runs.ts';
import { hashCanonical, type JsonObject } from '#proto/canonical.ts';
import { verifyChain } from '#proto/event-chain.ts';
import type { RunSpec } from '#proto/gen/types.ts';
import { newId } from '#proto/ids.ts';
import {
  type CommandContext,
  createRunUpdate,
  type RunInput,
  runWorkflowId,
} from '#workflows/run/messages.ts';
import { policySet } from '#workflows/run/policy.ts';
import type { run } from '#workflows/run/run.ts';
import { runStartOptions } from '#workflows/run/start.ts';
import { findingsOf } from '#workflows/run/testing/loop-findings.ts';
import type { RunTimings } from '#workflows/run/timings.ts';
import type { Lab } from './lab.ts';

export type RunHandle = WorkflowHandle<typeof run>;

/** Windows that a test can wait for. */
export const SHORT_TIMINGS: Partial<RunTimings> = {
  cancel_grace_ms: 300,
  receipt_poll_ms: 1_000,
  worker_poll_ms: 500,
  recovery_delay_ms: 200,
  approval_timeout_ms: 60_000,
};

export function patchSpec(harness: string, change: Partial<RunSpec> = {}): RunSpec {
  return {
    objective: 'make the failing test pass',
    work_unit: 'verified_patch_bundle',
    repo: { source: './repo', ref: '', base_commit: '' },
    agent: agentSpec(),
    verification: {
      tier_min: 'O',
      harness: {
        commands: [harness],
        protected_paths: [],
        env: {},
        mounts_ro: [],
        timeout_s: 10,
      },
      attempts_max: 2,
    },
    thread_id: '',
    org_id: '',
    ...change,
  };
}

export function taskSpec(change: Partial<RunSpec> = {}): RunSpec {
  return {
    objective: 'count the files',
    work_unit: 'agent_task',
    agent: agentSpec(),
    thread_id: '',
    org_id: '',
    ...change,
  };
}

function agentSpec() {
  return {
    driver: 'command' as const,
    model: '',
    prompt: '',
    command: ['./fix.sh'],
    approval_policy: '' as const,
    sandbox: '' as const,
  };
}

export function commandContext(route = 'runtime.runs.create'): CommandContext {
  return {
    request_id: newId('req'),
    audit_id: newId('audit'),
    principal: 'user:test',
    route,
    fingerprint: hashCanonical({ route }),
    idempotency_key: newId('req'),
  };
}

export function runInput(
  owner: { user_id: string },
  spec: RunSpec,
  change: Partial<RunInput> = {},
): RunInput {
  return {
    run_id: newId('run'),
    owner,
    org_id: '',
    thread_id: newId('thread'),
    spec,
    objective_hash: hashCanonical(spec.objective),
    policy: policySet(),
    command: commandContext(),
    created_at_ms: Date.now(),
    timings: SHORT_TIMINGS,
    ...change,
  };
}

/** Update-with-start, as the runtime does it. */
export async function startRun(lab: Lab, input: RunInput): Promise<RunHandle> {
  await lab.client.workflow.executeUpdateWithStart(createRunUpdate, {
    updateId: `create/${input.command.idempotency_key}`,
    startWorkflowOperation: new WithStartWorkflowOperation<typeof run>(
      'run',
      runStartOptions(input),
    ),
  });
  return lab.client.workflow.getHandle<typeof run>(runWorkflowId(input.run_id));
}

export interface SeenRun {
  row: RunRow;
  events: { event_type: string; payload: JsonObject }[];
  types: string[];
  payload(eventType: string): JsonObject | undefined;
  payloads(eventType: string): JsonObject[];
  receipts: JsonObject[];
}

/** The run as the database tells it. Its chain is checked on the way, and that no loop is found in one that succeeded. */
export async function seeRun(lab: Lab, runId: string): Promise<SeenRun> {
  const row = await readRun(lab.sql, runId);
  const page = await readRunEvents(lab.sql, runId, { afterSeq: 0n, limit: 1_000 });
  if (!row || !page) throw new Error(`run ${runId} has no row`);
  const check = verifyChain(page.events.map((event) => ({ ...event, run_id: runId })));
  if (!check.ok) throw new Error(`the chain breaks at ${check.seq}: ${check.reason}`);
  const events = page.events.map(({ seq, event_type, payload }) => ({
    seq: Number(seq),
    event_type,
    payload: readPayload(payload),
  }));
  const [loop] = row.status === 'succeeded' ? findingsOf(events) : [];
  if (loop) throw new Error(`a loop is found in a run that succeeded: ${loop.finding.message}`);
  const payloads = (type: string) =>
    events.filter(({ event_type }) => event_type === type).map(({ payload }) => payload);
  const receipts = await listRunReceipts(lab.sql, {
    run_id: runId,
    schema: 'openagents.run.receipt.v1',
  });
  return {
    row,
    events,
    types: events.map(({ event_type }) => event_type),
    payload: (type) => payloads(type)[0],
    payloads,
    receipts: receipts.map(({ receipt }) => receipt),
  };
}
