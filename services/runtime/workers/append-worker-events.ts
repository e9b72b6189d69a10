/**
 * What a host says about itself and about its requests.
 *
 * 1. A request has one terminal receipt; a second one is answered with the first and changes nothing.
 * 2. The run's workflow is told after the commit, and of an answer again at every repetition: a signal may have been
 *    lost. An error that is repeated it finds by its own look at the log.
 */
import { findGrantedArtifact } from '#db/runtime/artifacts.ts';
import { createPublishRate, type RateDecision } from '#db/runtime/publish-rate.ts';
import { keepAgentThread } from '#db/runtime/threads.ts';
import { type AppendedWorkerEvent, appendWorkerEvent } from '#db/runtime/worker-events.ts';
import {
  closeWorkerRequest,
  findWorkerRequest,
  type WorkerRequestRow,
} from '#db/runtime/worker-requests.ts';
import { lockWorker, type WorkerRow } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { ProblemError } from '#proto/errors.ts';
import type { TopicPosition, WorkerEvent, WorkerEventDraft } from '#proto/gen/types.ts';
import type { Sha256 } from '#proto/sha256.ts';
import { formatTime } from '#proto/time.ts';
import type { TurnResponse } from '#workflows/run/messages.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { readTerminalReceipt, type TerminalReceipt } from './terminal-receipt.ts';
import { readTurnResponse } from './turn-response.ts';
import { ownedWorker, workerIdOf } from './worker-access.ts';

interface Appended {
  event: WorkerEvent;
  positions: TopicPosition[];
  /** The request that this event ended, now or before. */
  ended: WorkerRequestRow | null;
  isNew: boolean;
  /** Of an error that this event brought: another try may succeed. */
  retryable?: boolean;
}

export function appendWorkerEvents(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.worker.events.append'> {
  const { sql, now, policies } = deps;
  const rate = createPublishRate({
    perSecond: policies.codex_worker_events.publishRatePerSecond,
    clock: now,
  });
  return async function appendWorkerEvents({ body, params, caller, command }) {
    const workerId = workerIdOf(params);
    const person = requirePerson(caller);
    const { answer, appended } = await transaction(sql, async (tx) => {
      const worker = ownedWorker(await lockWorker(tx, workerId), person);
      // After the owner is known, or a stranger could use up the rate of another's worker.
      assertRate(rate.take(workerId));
      const appended: Appended[] = [];
      for (const [index, draft] of body.events.entries()) {
        appended.push(await appendOne(tx, deps, worker, draft, `$.events[${index}]`));
      }
      const answer = await command.complete(tx, {
        data: { events: appended.map(({ event }) => event) },
        positions: appended.flatMap(({ positions }) => positions),
      });
      return { answer, appended };
    });
    for (const each of appended) if (each.ended) announce(deps, each.ended, each);
    return answer;
  };
}

function assertRate(permit: RateDecision): void {
  if (permit.ok) return;
  const detail = 'The worker sends more batches than its topic takes.';
  throw new ProblemError('rate_limited', detail, { retryAfterMs: permit.retryAfterMs });
}

async function appendOne(
  tx: Tx,
  { journal }: RuntimeDeps,
  worker: WorkerRow,
  draft: WorkerEventDraft,
  path: string,
): Promise<Appended> {
  const payload = draft.payload ?? {};
  const receipt = readTerminalReceipt(draft.event_type, payload, path);
  if (receipt) return endRequest(tx, journal, worker, receipt, path);
  const appended = await appendWorkerEvent(tx, journal, worker, {
    event_type: draft.event_type,
    payload,
    idempotency_key: draft.idempotency_key && `host:${draft.idempotency_key}`,
  });
  return {
    event: eventOf(worker, draft, appended),
    positions: appended.positions,
    ended: null,
    isNew: !appended.replayed,
  };
}

async function endRequest(
  tx: Tx,
  journal: RuntimeDeps['journal'],
  worker: WorkerRow,
  { request_id, end }: TerminalReceipt,
  path: string,
): Promise<Appended> {
  const open = await findWorkerRequest(tx, worker.worker_id, request_id);
  if (!open) {
    throw new ProblemError('not_found', 'The worker has no such request.', {
      faults: [{ path: `${path}.payload.request_id`, reason: 'is not a request of this worker' }],
    });
  }
  if (open.state === 'pending' && end.ok && open.method === 'turn/start') {
    const response = readTurnResponse(end.response, `${path}.payload.response`);
    await assertStored(tx, open, response, path);
    if (response.agent_thread_id && open.thread_id) {
      const { thread_id } = open;
      const { agent_thread_id } = response;
      await keepAgentThread(tx, { thread_id, agent_thread_id, worker_id: worker.worker_id });
    }
  }
  const closed = await closeWorkerRequest(tx, journal, worker, request_id, end);
  if (!closed) throw new Error(`request ${request_id} vanished under its worker's lock`);
  const { request, seq, positions, replayed } = closed;
  return {
    event: {
      worker_id: worker.worker_id,
      seq: String(seq),
      event_type: request.state === 'succeeded' ? 'worker.response' : 'worker.error',
      payload: receiptPayload(request),
      recorded_at: formatTime((request.finished_at ?? request.created_at).getTime()),
    },
    positions,
    ended: request,
    isNew: !replayed,
    ...(!end.ok && end.retryable !== undefined && { retryable: end.retryable }),
  };
}

/** What a turn refers to must lie in the store already, or the run would wait for bytes that never come. */
async function assertStored(
  tx: Tx,
  request: WorkerRequestRow,
  response: TurnResponse,
  path: string,
) {
  if (request.run_id === null) return;
  for (const name of ['patch', 'repo_bundle', 'output'] as const) {
    const sha256 = response[name]?.sha256;
    if (!sha256) continue;
    const key = { run_id: request.run_id, sha256: sha256 as Sha256 };
    if (await findGrantedArtifact(tx, key)) continue;
    throw new ProblemError('invalid_request', 'The answer names bytes that were not stored.', {
      faults: [{ path: `${path}.payload.response.${name}`, reason: 'was not stored with the run' }],
    });
  }
}

function announce(
  { workflows, metrics }: RuntimeDeps,
  request: WorkerRequestRow,
  { isNew, retryable }: Pick<Appended, 'isNew' | 'retryable'>,
): void {
  const { worker_id, request_id, run_id, method, state } = request;
  if (isNew && request.finished_at) {
    const seconds = (request.finished_at.getTime() - request.created_at.getTime()) / 1000;
    metrics.worker_dispatch_duration_seconds.record(seconds, { method, outcome: state });
  }
  if (run_id === null || method !== 'turn/start') return;
  const key = { worker_id, request_id };
  if (state === 'succeeded') {
    const response = readTurnResponse(request.response, '$.response');
    workflows.workerAnswered(run_id, { ...key, ok: true, response });
    return;
  }
  // The stored row does not know whether an error may be retried; the run's own look at the log does.
  if (!isNew) return;
  const error = {
    code: request.error_code ?? 'internal_error',
    message: request.error_message ?? '',
    ...(retryable !== undefined && { retryable }),
  };
  workflows.workerAnswered(run_id, { ...key, ok: false, error });
}

function receiptPayload(request: WorkerRequestRow): JsonObject {
  const { request_id, method, response, error_code, error_message } = request;
  return response
    ? { request_id, method, ok: true, response }
    : { request_id, method, ok: false, code: error_code ?? '', message: error_message ?? '' };
}

function eventOf(
  worker: WorkerRow,
  draft: WorkerEventDraft,
  appended: AppendedWorkerEvent,
): WorkerEvent {
  return {
    worker_id: worker.worker_id,
    seq: String(appended.seq),
    event_type: draft.event_type,
    payload: draft.payload ?? {},
    recorded_at: formatTime(appended.recorded_at.getTime()),
  };
}
