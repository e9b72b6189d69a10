import { setTimeout as sleep } from 'node:timers/promises';
import { databaseTime } from '#db/database-clock.ts';
import {
  countWorkerRequests,
  findWorkerRequest,
  openWorkerRequest,
  type WorkerRequestRow,
  workerRequestMessage,
} from '#db/runtime/worker-requests.ts';
import { lockWorker, type WorkerRow } from '#db/runtime/workers.ts';
import { type Tx, transaction } from '#db/transaction.ts';
import { ProblemError } from '#proto/errors.ts';
import type { WorkerRequestDraft } from '#proto/gen/types.ts';
import { topics } from '#proto/topics.ts';
import { acceptsWork, leaseRenewMs } from '#workflows/worker/state.ts';
import { requirePerson } from '../../shared/http/caller.ts';
import type { Answer } from '../../shared/http/command.ts';
import type { RuntimeDeps, RuntimeHandler } from '../deps.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { visibleWorker, workerIdOf } from './worker-access.ts';

/** What a worker can be asked, and whether it needs a thread to aim at. */
const METHODS: Readonly<Record<string, { needsThread: boolean }>> = {
  'thread/start': { needsThread: false },
  'thread/resume': { needsThread: true },
  'thread/list': { needsThread: false },
  'thread/read': { needsThread: true },
  'turn/start': { needsThread: true },
  'turn/interrupt': { needsThread: true },
  'turn/steer': { needsThread: true },
  'approval/resolve': { needsThread: false },
};

/** A person at a keyboard stays far below; a loop does not. */
const REQUESTS_PER_MINUTE_MAX = 60;
const MINUTE_MS = 60_000;

/** A host answers a request of this route at once or not at all: turns of runs have their own, longer deadline. */
const REQUEST_DEADLINE_MS = 5 * MINUTE_MS;

/** How often a waiting call looks; its receipt may be committed by any replica. */
const WAIT_POLL_MS = 100;

export function dispatchRequest(
  deps: RuntimeDeps,
): RuntimeHandler<'runtime.worker.request.dispatch'> {
  const { sql, journal } = deps;

  return async function dispatchRequest({ body, params, query, headers, caller, command, signal }) {
    const workerId = workerIdOf(params);
    const person = requirePerson(caller);
    assertMethod(body);
    const requestId = body.request_id || headers.get('idempotency-key') || command.id('req');
    const { fingerprint } = command.context;
    const opened = await transaction(sql, async (tx) => {
      const worker = visibleWorker(await lockWorker(tx, workerId), person);
      const known = await findWorkerRequest(tx, workerId, requestId);
      if (known) return { answer: repeated(known, fingerprint), request: known };
      const atMs = (await databaseTime(tx)).getTime();
      assertAvailable(worker, atMs, deps);
      await assertRate(tx, workerId, atMs);
      const { request, positions } = await openWorkerRequest(tx, journal, worker, {
        request_id: requestId,
        method: body.method,
        params: withoutSecrets(body.params ?? {}),
        thread_id: body.thread_id,
        deadline_at: new Date(atMs + REQUEST_DEADLINE_MS),
        fingerprint,
      });
      const answer = await command.complete(tx, { ...answerOf(request, false), positions });
      return { answer, request };
    });
    const waitMs = query.count('wait_ms');
    if (waitMs === 0 || opened.request.state !== 'pending') return opened.answer;
    const ended = await waitForEnd(deps, opened.request, waitMs, signal);
    return ended
      ? { ...opened.answer, ...answerOf(ended, opened.answer.data.idempotent_replay) }
      : opened.answer;
  };
}

function assertMethod(body: WorkerRequestDraft): void {
  const method = Object.hasOwn(METHODS, body.method) ? METHODS[body.method] : undefined;
  if (!method) {
    const known = Object.keys(METHODS).join(', ');
    throw new ProblemError('unsupported_method', `A worker can be asked ${known}.`, {
      faults: [{ path: '$.method', reason: 'is not a method of workers' }],
    });
  }
  if (method.needsThread && body.thread_id === '') {
    throw new ProblemError('invalid_request', `${body.method} needs a thread.`, {
      faults: [{ path: '$.thread_id', reason: 'is required' }],
    });
  }
}

function assertAvailable(worker: WorkerRow, atMs: number, { workerLeaseMs }: RuntimeDeps): void {
  if (!acceptsWork(worker.status)) {
    throw new ProblemError('conflict', `The worker is ${worker.status}.`);
  }
  if ((worker.lease_expires_at?.getTime() ?? 0) <= atMs) {
    throw new ProblemError('worker_unavailable', 'The worker has not been heard of lately.', {
      retryAfterMs: leaseRenewMs(workerLeaseMs),
    });
  }
}

async function assertRate(tx: Tx, workerId: string, nowMs: number): Promise<void> {
  const sent = await countWorkerRequests(tx, workerId, new Date(nowMs - MINUTE_MS));
  if (sent < REQUESTS_PER_MINUTE_MAX) return;
  const detail = `A worker takes ${REQUESTS_PER_MINUTE_MAX} requests a minute.`;
  throw new ProblemError('rate_limited', detail, {
    retryAfterMs: MINUTE_MS / REQUESTS_PER_MINUTE_MAX,
  });
}

type RequestAnswer = Answer<ReturnType<typeof answerOf>['data']>;

function repeated(known: WorkerRequestRow, fingerprint: string): RequestAnswer {
  if (known.fingerprint === fingerprint) return answerOf(known, true);
  throw new ProblemError('idempotency_conflict', 'This request id was used for another request.');
}

function answerOf(request: WorkerRequestRow, replayed: boolean) {
  return {
    status: request.state === 'pending' ? 202 : 200,
    data: {
      request: workerRequestMessage(request),
      topic: topics.workerEvents(workerIdOf({ worker_id: request.worker_id })),
      seq: String(request.seq),
      idempotent_replay: replayed,
    },
  };
}

async function waitForEnd(
  { sql }: RuntimeDeps,
  { worker_id, request_id }: WorkerRequestRow,
  waitMs: number,
  signal: AbortSignal,
): Promise<WorkerRequestRow | undefined> {
  const endMs = performance.now() + waitMs;
  while (performance.now() < endMs && !signal.aborted) {
    await sleep(Math.min(WAIT_POLL_MS, endMs - performance.now()));
    const request = await findWorkerRequest(sql, worker_id, request_id);
    if (request && request.state !== 'pending') return request;
  }
  return undefined;
}
