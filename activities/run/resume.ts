/**
 * A run as its log and its tables know it, in the form that a workflow begins with (`workflows/run/carry.ts`).
 *
 * 1. What was committed is taken as it stands: an answer that lies in the worker's topic is the turn's answer, a verdict that
 *    was signed is not asked for again.
 * 2. What was not committed is done again; the steps carry the same keys, so that nothing is written twice.
 */
import { findReceiptEvent, findTurnRequest, type TurnRequest } from '#db/runtime/dispatch.ts';
import { findPolicyBundle, findReceiptByKey, listRunReceipts } from '#db/runtime/receipts.ts';
import { readPayload } from '#db/runtime/run-events.ts';
import { findEvent } from '#db/runtime/run-steps.ts';
import type { RunRow } from '#db/runtime/runs.ts';
import type { Tx } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { sha256FromBytes } from '#proto/sha256.ts';
import { topics } from '#proto/topics.ts';
import type { CarriedRun, ContinuableInput } from '#workflows/run/carry.ts';
import type { Ending } from '#workflows/run/ending.ts';
import type { LoopFinding } from '#workflows/run/loop-detection.ts';
import { type RunInput, STOPPED_WITHOUT_ANSWER } from '#workflows/run/messages.ts';
import type { PolicySet } from '#workflows/run/policy.ts';
import type { RunState } from '#workflows/run/state.ts';
import type { VerificationOutcome } from '#workflows/verification/messages.ts';
import { derivedId } from '../shared/derived-id.ts';
import { VERIFICATION_RECEIPT } from '../verification/record.ts';
import { receiptOf } from './dispatch.ts';
import { integerOf, memberOf, textOf } from './json.ts';
import { readApprovals, readMessages } from './resume-conversation.ts';

/** Throws where the run's policy was never stored: then nothing could be decided. */
export async function readContinuableRun(
  tx: Tx,
  run: RunRow,
  ending: Ending | null,
): Promise<ContinuableInput> {
  return { ...(await readInput(tx, run)), carried: await readCarried(tx, run, ending) };
}

async function readInput(tx: Tx, run: RunRow): Promise<RunInput> {
  const document = await findPolicyBundle(tx, run.policy_bundle_id ?? '');
  if (!document) throw new Error(`run ${run.run_id} has no stored policy`);
  return {
    run_id: run.run_id,
    owner: run.user_id ? { user_id: run.user_id } : { guest_scope: run.guest_scope ?? '' },
    org_id: run.org_id ?? '',
    thread_id: run.thread_id,
    spec: run.spec,
    objective_hash: sha256FromBytes(run.objective_hash),
    // Stored by the run's first step, in the form that the workflow had.
    policy: JSON.parse(document.toString('utf8')) as PolicySet,
    // Read by the first step only, which the log holds already.
    command: {
      ...{ request_id: '', audit_id: '', principal: '', route: '', idempotency_key: '' },
      fingerprint: run.create_fingerprint ?? '',
    },
    created_at_ms: run.created_at.getTime(),
  };
}

async function readCarried(tx: Tx, run: RunRow, ending: Ending | null): Promise<CarriedRun> {
  const topic = topics.runEvents(run.run_id);
  const request = await findTurnRequest(tx, run.run_id);
  const interruption =
    request && (await findEvent(tx, run.run_id, `turn:interrupt:${request.request_id}`));
  const held = await heldTurn(tx, run, request);
  const outcome = request ? await findOutcome(tx, run.run_id, request.turn) : null;
  const { cancelReason, loop } = await readStops(tx, run.run_id);
  // Interrupted, and its worker was lost before it could say what it had done.
  const isStopped = interruption !== undefined && held.openTurn === null;
  return {
    // The row's columns are checked by the database, the matrix by whoever wrote them.
    state: { status: run.status, phase: run.phase || null } as RunState,
    created: { topic, seq: '1', positions: [{ topic, seq: '1' }] },
    attempt: 1 + (await countVerdicts(tx, run.run_id)) - (outcome ? 1 : 0),
    feedback: request ? textOf(request.params, 'feedback') : '',
    turn: request?.turn ?? 0,
    turnBegun: request !== undefined && !isStopped,
    recoveries: run.recoveries,
    ...held,
    turnEnd: null,
    response: isStopped ? STOPPED_WITHOUT_ANSWER : null,
    outcome,
    verdict: outcome && {
      verdict: outcome.verdict,
      tier: 'O',
      strength: outcome.strength,
      receipt_id: outcome.receipt.receipt_id,
      receipt_sha256: outcome.receipt.canonical_sha256,
      sandboxed: outcome.sandboxed,
      attempt: request?.turn ?? 1,
    },
    patch: run.patch,
    decisions: [],
    ...(await readApprovals(tx, run.run_id, held.openTurn?.request_id ?? '')),
    ...(await readMessages(tx, run.run_id, request, held.openTurn !== null)),
    interruptedRequest: interruption && request ? request.request_id : null,
    lost: null,
    loop,
    cancelReason,
    processed: [],
    histories: 1,
    ending,
  };
}

/** The turn that is to be answered, with its answer where there is one; none where its loss is in the log. */
async function heldTurn(
  tx: Tx,
  run: RunRow,
  request: TurnRequest | undefined,
): Promise<Pick<CarriedRun, 'openTurn' | 'receipts'>> {
  if (!request || run.recoveries > integerOf(request.params, 'recovery')) {
    return { openTurn: null, receipts: {} };
  }
  const { turn, worker_id, request_id, lease_epoch } = request;
  const openTurn = { turn, worker_id, request_id, lease_epoch: String(lease_epoch) };
  const answer = await findReceiptEvent(tx, openTurn);
  return { openTurn, receipts: answer ? { [request_id]: receiptOf(openTurn, answer) } : {} };
}

/** Invariant 1. The feedback of the harness is not in its receipt: the next turn reads the reason instead. */
async function findOutcome(
  tx: Tx,
  runId: string,
  attempt: number,
): Promise<VerificationOutcome | null> {
  const verification_id = derivedId('verification', runId, attempt);
  const stored = await findReceiptByKey(tx, {
    schema: VERIFICATION_RECEIPT,
    idempotency_key: `verification:${verification_id}`,
  });
  if (!stored) return null;
  const body = (stored.receipt['body'] ?? {}) as JsonObject;
  const paths = body['protected_paths_touched'];
  return {
    verification_id,
    // Signed by our own step, in the words of its types.
    verdict: textOf(body, 'verdict') as VerificationOutcome['verdict'],
    strength: textOf(body, 'strength') as VerificationOutcome['strength'],
    reason: textOf(body, 'reason'),
    feedback: '',
    sandboxed: memberOf(body['isolation'], 'sandboxed') === true,
    protected_paths_touched: Array.isArray(paths) ? paths.map(String) : [],
    receipt: {
      receipt_id: stored.receipt_id,
      canonical_sha256: textOf(stored.receipt, 'canonical_sha256'),
    },
  };
}

/** A turn in which the agent changed nothing has no verdict, and counts anew. */
async function countVerdicts(tx: Tx, runId: string): Promise<number> {
  return (await listRunReceipts(tx, { run_id: runId, schema: VERIFICATION_RECEIPT })).length;
}

/** What told the run to stop. */
async function readStops(
  tx: Tx,
  runId: string,
): Promise<Pick<CarriedRun, 'cancelReason' | 'loop'>> {
  const [canceled, loop] = await Promise.all([
    findEvent(tx, runId, 'run:cancel_requested'),
    findEvent(tx, runId, 'loop:critical'),
  ]);
  return {
    cancelReason: canceled ? cancelReasonOf(readPayload(canceled.payload)) : '',
    loop: loop ? findingOf(readPayload(loop.payload)) : null,
  };
}

function cancelReasonOf(payload: JsonObject): string {
  return textOf(payload, 'reason') || `canceled by ${textOf(payload, 'requested_by')}`;
}

function findingOf(payload: JsonObject): LoopFinding {
  return {
    // Written by our own step.
    detector: textOf(payload, 'detector') as LoopFinding['detector'],
    level: 'critical',
    tool: textOf(payload, 'tool_name'),
    calls: integerOf(payload, 'calls'),
    since_seq: Number(textOf(payload, 'since_seq')),
    message: textOf(payload, 'message'),
  };
}
