/**
 * Where requests wait, run and are answered. Every accepted request gets exactly one terminal receipt, under one
 * idempotency key, repeated until the platform has it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { JsonObject } from '#proto/canonical.ts';
import { type FaultPoints, NO_FAULTS } from '#proto/fault-points.ts';
import { ApiError, reasons } from '../api/errors.ts';
import { createApprovalDesks } from './approval-desk.ts';
import type { StopReason, TurnMessage } from './drivers/driver.ts';
import { persist } from './persist.ts';
import type { Platform } from './platform.ts';
import type { HostLog } from './publisher.ts';
import type { HostRequest, RequestJournal, TerminalReceipt } from './request-journal.ts';
import { textField } from './request-message.ts';
import { executeTurn, publishLeftovers, type Turn, type TurnDeps } from './turn.ts';
import { parseTurn } from './turn-request.ts';
import { workerError } from './worker-error.ts';

export interface DeskDeps {
  platform: Platform;
  journal: RequestJournal;
  turns: Omit<TurnDeps, 'postEvents' | 'putArtifact' | 'getArtifact' | 'log'>;
  workerId: string;
  turnsMax: number;
  log: HostLog;
  now(): number;
  /** What a turn is, and what is left to do of one that was killed. */
  work?: TurnWork;
  /** Where a request stands between two lines of this file. */
  faults?: FaultPoints;
}

export interface TurnWork {
  executeTurn: typeof executeTurn;
  publishLeftovers: typeof publishLeftovers;
}

export interface Desk {
  /** Journals a request; it is taken up by the next `takeUp`. */
  accept(request: HostRequest): Promise<void>;
  /** Begins what is accepted and reports what is finished. Repeating it is harmless. */
  takeUp(): Promise<void>;
  /** The platform has a receipt of this request: its own, or one for a deadline that passed. */
  ended(requestId: string): Promise<void>;
  /** Ends every turn and reports what can be reported in time. */
  close(withinMs: number): Promise<void>;
  /** Rejects where a request could not be handled for a reason that concerns the whole host. */
  readonly failed: Promise<never>;
}

/** The platform writes its own receipt at the deadline; an answer must be there before. */
const DEADLINE_MARGIN_MS = 2_000;

const TURN_WORK: TurnWork = { executeTurn, publishLeftovers };

export function createDesk(deps: DeskDeps): Desk {
  const { journal, platform, log, work = TURN_WORK, faults = NO_FAULTS } = deps;
  const active = new Map<string, { runId: string; stop: AbortController; done: Promise<void> }>();
  /** Turns whose agents take messages while they run. */
  const steerable = new Map<string, (message: TurnMessage) => Promise<boolean>>();
  const closing = new AbortController();
  let fail: (error: unknown) => void = () => undefined;
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  let scan: Promise<void> = Promise.resolve();

  const waiting = { log, signal: closing.signal };
  const approvals = createApprovalDesks((post, signal) =>
    persist(`a question of ${post.runId}`, () => platform.requestApproval(post), {
      log,
      signal: AbortSignal.any([signal, closing.signal]),
    }),
  );
  const turnDeps: TurnDeps = {
    ...deps.turns,
    log,
    postEvents: async (runId, events) => {
      await platform.postEvents(runId, events);
      faults.reach('batch-sent');
    },
    putArtifact: (runId, kind, file) =>
      persist(`the ${kind} of ${runId}`, () => platform.putArtifact(runId, kind, file), waiting),
    getArtifact: (runId, sha256) =>
      persist(`a patch of ${runId}`, () => platform.getArtifact(runId, sha256), waiting),
  };

  /** One scan at a time, so that a request is begun once. */
  function takeUp(): Promise<void> {
    scan = scan.then(async () => {
      for (const record of await journal.open()) {
        if (closing.signal.aborted) return;
        const { request } = record;
        if (active.has(request.request_id)) continue;
        if (record.state === 'accepted') {
          if (request.method === 'turn/start' && turnsRunning() >= deps.turnsMax) continue;
          begin(request, (stop) => handle(request, stop));
        } else if (record.state === 'finished') {
          begin(request, () => deliverLate(request, record.receipt));
        }
      }
    });
    scan.catch(fail);
    return scan;
  }

  function turnsRunning(): number {
    return [...active.values()].filter(({ runId }) => runId !== '').length;
  }

  function begin(request: HostRequest, work: (stop: AbortController) => Promise<void>): void {
    const stop = new AbortController();
    const done = work(stop)
      .catch((error: unknown) => {
        if (!closing.signal.aborted) fail(error);
      })
      .finally(() => {
        active.delete(request.request_id);
        if (!closing.signal.aborted) void takeUp();
      });
    const runId = request.method === 'turn/start' ? request.run_id : '';
    active.set(request.request_id, { runId, stop, done });
  }

  async function handle(request: HostRequest, stop: AbortController): Promise<void> {
    const receipt = await answer(request, stop);
    faults.reach('turn-over');
    await journal.finished(request.request_id, receipt);
    faults.reach('receipt-journaled');
    await deliver(request, receipt);
  }

  async function answer(request: HostRequest, stop: AbortController): Promise<TerminalReceipt> {
    const named = { requestId: request.request_id, method: request.method };
    const remainingMs = request.deadline_at_ms - deps.now() - DEADLINE_MARGIN_MS;
    if (remainingMs <= 0) {
      return workerError(named, 'timeout', 'the deadline had passed before it could begin', false);
    }
    switch (request.method) {
      case 'turn/start': {
        const turn = parseTurn(request);
        if (typeof turn === 'string') return workerError(named, 'invalid_request', turn, false);
        return runTurn(request, turn, stop, remainingMs);
      }
      case 'turn/interrupt':
        return interrupt(request);
      case 'turn/steer':
        return steer(request, remainingMs);
      case 'approval/resolve':
        return approvals.resolve(request.params)
          ? answered(request, { delivered: true })
          : workerError(named, 'conflict', 'no agent waits for this answer any more', false);
      default:
        return workerError(
          named,
          'unsupported_method',
          `this host does not know ${request.method}`,
          false,
        );
    }
  }

  async function runTurn(
    request: HostRequest,
    turn: Turn,
    stop: AbortController,
    remainingMs: number,
  ): Promise<TerminalReceipt> {
    await journal.started(request.request_id, null);
    log.info(`turn ${turn.turn} of ${turn.runId} begins`);
    const deadline = setTimeout(() => abort(stop, 'deadline'), Math.min(remainingMs, TIMER_MS_MAX));
    try {
      return await work.executeTurn(turnDeps, turn, {
        signal: stop.signal,
        processStarting: async (identity) => {
          await journal.started(request.request_id, identity);
          // The driver lets the agent go as soon as this returns.
          setImmediate(() => faults.reach('agent-works'));
        },
        approvals: approvals.of(turn),
        takesMessages: (steer) => steerable.set(request.request_id, steer),
      });
    } catch (error) {
      if (error instanceof ApiError && ['Unauthorized', 'MissingCredential'].includes(error.kind)) {
        throw error;
      }
      const message = error instanceof Error ? error.message : String(error);
      log.warn(`turn ${turn.turn} of ${turn.runId} failed: ${message}`);
      await work.publishLeftovers(turnDeps, turn);
      return workerError(turn, 'internal_error', message, true);
    } finally {
      clearTimeout(deadline);
      steerable.delete(request.request_id);
    }
  }

  /**
   * Waits until the agent has the message in front of it: one that it had only accepted would be lost with an interrupt.
   * Where that takes longer than the request may, it is on its way all the same.
   */
  async function steer(request: HostRequest, remainingMs: number): Promise<TerminalReceipt> {
    const named = { requestId: request.request_id, method: request.method };
    const message = {
      messageId: textField(request.params, 'message_id'),
      text: textField(request.params, 'text'),
    };
    if (!message.messageId || !message.text) {
      return workerError(named, 'invalid_request', 'params name no message', false);
    }
    const take = steerable.get(textField(request.params, 'request_id'));
    const taken =
      take !== undefined &&
      (await Promise.race([take(message), delay(remainingMs, true, { ref: false })]));
    return taken
      ? answered(request, { delivered: true })
      : workerError(named, 'conflict', 'the turn takes no message', false);
  }

  function interrupt(request: HostRequest): TerminalReceipt {
    const turns = [...active.values()].filter(
      ({ runId }) => runId !== '' && runId === request.run_id,
    );
    for (const { stop } of turns) abort(stop, 'interrupted');
    return answered(request, { status: 'completed', interrupted: turns.length });
  }

  /** The receipt of a turn that did not get to send its events itself. */
  async function deliverLate(request: HostRequest, receipt: TerminalReceipt): Promise<void> {
    if (request.method === 'turn/start') {
      await work.publishLeftovers(turnDeps, {
        runId: request.run_id,
        requestId: request.request_id,
      });
    }
    await deliver(request, receipt);
  }

  /** Posts the receipt until the platform has it. A refusal means that it has one already, or wants none. */
  async function deliver(request: HostRequest, receipt: TerminalReceipt): Promise<void> {
    try {
      await post(request, receipt);
      log.info(`${request.method} ${request.request_id}: ${summaryOf(receipt)}`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.kind !== 'Validation') throw error;
      log.warn(`the receipt of ${request.request_id} was not taken: ${describe(error)}`);
      if (isMalformed(error)) await post(request, refusedReceipt(request, error));
    }
    faults.reach('receipt-posted');
    await journal.reported(request.request_id);
  }

  function post(request: HostRequest, receipt: TerminalReceipt) {
    const { request_id } = request;
    return persist(
      `the receipt of ${request_id}`,
      () => platform.postReceipt(deps.workerId, request_id, receipt),
      waiting,
    );
  }

  return {
    failed,
    takeUp,
    async accept(request) {
      await journal.accept(request);
      faults.reach('request-journaled');
    },
    async ended(requestId) {
      const running = active.get(requestId);
      const record = await journal.find(requestId);
      if (running && record?.state === 'started') abort(running.stop, 'deadline');
      else if (record?.state === 'accepted' && !running) await journal.reported(requestId);
    },
    async close(withinMs) {
      for (const { stop } of active.values()) abort(stop, 'host_stopping');
      const ends = Promise.all([...active.values()].map(({ done }) => done));
      await Promise.race([ends, delay(withinMs, undefined, { ref: false })]);
      closing.abort();
      await scan.catch(() => undefined);
    },
  };
}

function answered(request: HostRequest, response: JsonObject): TerminalReceipt {
  return {
    event_type: 'worker.response',
    payload: { request_id: request.request_id, method: request.method, ok: true, response },
  };
}

/** The platform understood the receipt and will not have it, unlike one that is too late. */
function isMalformed(error: ApiError): boolean {
  return error.kind === 'Validation' && (error.status === 400 || error.status === 422);
}

/** A request must not stay open because its answer broke the contract. */
function refusedReceipt(request: HostRequest, error: ApiError): TerminalReceipt {
  const named = { requestId: request.request_id, method: request.method };
  const message = `the answer of the host was refused: ${describe(error)}`;
  return workerError(named, 'internal_error', message, false);
}

function describe(error: ApiError): string {
  return [error.message, reasons(error.faults)].filter(Boolean).join(' ');
}

/** Longer timers overflow and fire at once. */
const TIMER_MS_MAX = 2_147_483_647;

function abort(stop: AbortController, reason: StopReason): void {
  if (!stop.signal.aborted) stop.abort(reason);
}

function summaryOf(receipt: TerminalReceipt): string {
  const { code, message } = receipt.payload;
  return receipt.event_type === 'worker.error' ? `${code}: ${message}` : 'answered';
}
