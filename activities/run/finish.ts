/**
 * The end of a run: the last events, `run.finished`, which closes the log, and the signed receipt, in one transaction.
 *
 * 1. The receipt names the hash of `run.finished`, so that hash is computed before the append and must be what the journal
 *    then says.
 * 2. A second run of the step finds the receipt and changes nothing.
 */

import { supersedeApprovals } from '#db/runtime/approvals.ts';
import { findReceiptByKey, insertReceipt } from '#db/runtime/receipts.ts';
import { releaseThread } from '#db/runtime/run-steps.ts';
import { lockRun, type RunRow } from '#db/runtime/runs.ts';
import { type EventDraft, storedForm } from '#db/runtime/step.ts';
import { closeWorkerRequest } from '#db/runtime/worker-requests.ts';
import { lockWorker } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { JsonObject, Sha256 } from '#proto/canonical.ts';
import { hashEvent } from '#proto/event-chain.ts';
import { issueReceipt, type ReceiptReference } from '#proto/receipt.ts';
import { redactJson } from '#proto/redact.ts';
import { sha256FromBytes, sha256Of } from '#proto/sha256.ts';
import type { FinishedRun, FinishRunInput, RunActivities } from '#workflows/run/ports.ts';
import { isTerminalStatus } from '#workflows/run/state.ts';
import { approvalSuperseded } from './approvals/approval-events.ts';
import { openInterrupt } from './cancel.ts';
import type { RuntimeActivityDeps } from './deps.ts';
import { asJson, interrupted, policyDecided, turnFinished } from './events.ts';
import { runReceiptBody } from './receipt-body.ts';

export const RUN_RECEIPT = 'openagents.run.receipt.v1';
const PREFIX = 'rr_';
const IDEMPOTENCY_KEY = 'run:finished';

export function createFinishRun(deps: RuntimeActivityDeps): RunActivities['finishRun'] {
  return async function finishRun(input) {
    const { run_id, open_turn } = input;
    return transaction(deps.sql, async (tx) => {
      const worker = open_turn && (await lockWorker(tx, open_turn.worker_id));
      const run = await lockRun(tx, run_id);
      if (!run) throw new Error(`run ${run_id} has no row`);
      const known = await findReceiptByKey(tx, {
        schema: RUN_RECEIPT,
        idempotency_key: runReceiptKey(run_id),
      });
      if (known) return finishedBefore(run, known.receipt_id);
      if (isTerminalStatus(run.status)) throw new Error(`run ${run_id} ended without a receipt`);

      const head = await appendLastEvents(deps, tx, run, input);
      const finished = runFinished(run, head, input);
      const receipt = await issueRunReceipt(deps, tx, run, input, finished);
      await closeLog(deps, tx, run, input, finished, receipt.receipt_id);
      await Promise.all([insertReceipt(tx, receipt), releaseThread(tx, run.thread_id, run_id)]);
      if (worker && open_turn) {
        const reason = `the run is ${input.status}: ${input.reason}`;
        await openInterrupt(tx, deps.journal, worker, open_turn, {
          run_id,
          reason,
        });
        await closeWorkerRequest(tx, deps.journal, worker, open_turn.request_id, {
          ok: false,
          code: input.reason_class === 'timeout' ? 'timeout' : 'run_ended',
          message: reason,
        });
      }
      return {
        seq: String(finished.seq),
        receipt_id: receipt.receipt_id,
        trajectory_hash: finished.event_hash,
      };
    });
  };
}

export function runReceiptKey(runId: string): string {
  return `${runId}:finished`;
}

function finishedBefore(run: RunRow, receipt_id: string): FinishedRun {
  if (!run.trajectory_hash) throw new Error(`run ${run.run_id} has a receipt and an open log`);
  return {
    seq: String(run.latest_seq),
    receipt_id,
    trajectory_hash: sha256FromBytes(run.trajectory_hash),
  };
}

interface Head {
  seq: bigint;
  event_hash: Sha256;
}

/** What happened since the last step; the run's row stays locked, so nothing comes between this and `run.finished`. */
async function appendLastEvents(
  { journal }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  input: FinishRunInput,
): Promise<Head> {
  const superseded = await supersedeApprovals(tx, run.run_id);
  const turnEnd = input.turn_end ?? (input.open_turn && interrupted(input.open_turn, input.reason));
  const events: EventDraft[] = [
    ...turnFinished(turnEnd),
    ...superseded.map((approval_id) => approvalSuperseded(approval_id, 'the run ended')),
    ...input.decisions.map((decision, index) => policyDecided(decision, `finish:${index + 1}`)),
  ];
  if (events.length > 0) {
    const step = await journal.appendIn(tx, { run_id: run.run_id, origin: 'platform', events });
    const last = step.events.at(-1);
    if (last) return { seq: step.head_seq, event_hash: last.event_hash };
  }
  return { seq: run.latest_seq, event_hash: sha256FromBytes(run.last_event_hash) };
}

interface Finished extends Head {
  payload: JsonObject;
}

/** Invariant 1: the event as the journal will store it. */
function runFinished(run: RunRow, head: Head, input: FinishRunInput): Finished {
  const payload = {
    status: input.status,
    reason_class: input.reason_class,
    reason: input.reason,
    receipt_schema: RUN_RECEIPT,
  };
  const seq = head.seq + 1n;
  const event_hash = hashEvent({
    run_id: run.run_id,
    seq,
    event_type: 'run.finished',
    payload_hash: sha256Of(storedForm(payload, '$', redactJson).payload),
    prev_hash: head.event_hash,
  });
  return { seq, event_hash, payload };
}

async function closeLog(
  { journal }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  input: FinishRunInput,
  finished: Finished,
  receipt_id: string,
): Promise<void> {
  const { verdict } = input;
  const step = await journal.appendIn(tx, {
    run_id: run.run_id,
    origin: 'platform',
    expected_previous_seq: finished.seq - 1n,
    events: [
      {
        event_type: 'run.finished',
        idempotency_key: IDEMPOTENCY_KEY,
        payload: finished.payload,
      },
    ],
    patch: {
      status: input.status,
      phase: '',
      receipt_id,
      terminal_reason_class: input.reason_class,
      terminal_reason: input.reason,
      ...(verdict && {
        verdict: {
          verdict: verdict.verdict,
          tier: verdict.tier,
          strength: verdict.strength,
          receipt_id: verdict.receipt_id,
          sandboxed: verdict.sandboxed,
          attempt: verdict.attempt,
        },
      }),
      ...(input.patch && { patch: input.patch }),
    },
  });
  const stored = step.events[0]?.event_hash;
  if (stored !== finished.event_hash) {
    throw new Error(`the receipt would name ${finished.event_hash}, the log ends with ${stored}`);
  }
}

async function issueRunReceipt(
  { signingKey, now }: RuntimeActivityDeps,
  tx: Tx,
  run: RunRow,
  input: FinishRunInput,
  finished: Finished,
) {
  const issued_at_ms = now();
  const idempotency_key = runReceiptKey(run.run_id);
  const { receipt, canonicalBytes } = await issueReceipt(
    {
      schema: RUN_RECEIPT,
      idPrefix: PREFIX,
      issuedAtMs: issued_at_ms,
      service: signingKey.service,
      subject: {
        run_id: run.run_id,
        thread_id: run.thread_id,
        trajectory_hash: finished.event_hash,
        objective_hash: sha256FromBytes(run.objective_hash),
        policy_bundle_id: input.policy_bundle_id,
      },
      idempotencyKey: idempotency_key,
      body: await runReceiptBody(tx, run, input, { last_seq: finished.seq, issued_at_ms }),
      refs: verdictReference(input),
    },
    signingKey,
  );
  return {
    receipt_id: receipt.receipt_id,
    schema: RUN_RECEIPT,
    run_id: run.run_id,
    idempotency_key,
    canonical: canonicalBytes,
    receipt: asJson(receipt),
    kid: signingKey.kid,
    issued_at_ms,
  };
}

function verdictReference({ verdict }: FinishRunInput): ReceiptReference[] {
  if (!verdict) return [];
  const { receipt_id, receipt_sha256 } = verdict;
  return [
    // Written by our own step, in the form of the hash.
    { receipt_id, canonical_sha256: receipt_sha256 as Sha256, relation: 'verified_by' },
  ];
}
