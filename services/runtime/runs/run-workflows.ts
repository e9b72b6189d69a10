/**
 * What the API says to a run's workflow.
 *
 * 1. Update ids are made of the caller's key, so that a repeated command is the same update.
 * 2. A signal is a hint: what it tells is committed before, and the workflow looks for itself in the end.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Client,
  isGrpcServiceError,
  WithStartWorkflowOperation,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import {
  ApplicationFailure,
  type UpdateDefinition,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common';
import type { Logger } from 'pino';
import { ProblemError } from '#proto/errors.ts';
import type { LoopFinding } from '#workflows/run/loop-detection.ts';
import {
  type ApprovalsOrphaned,
  approvalsOrphanedSignal,
  type CancelRunArgs,
  type CancelRunResult,
  type CommandContext,
  type CreateRunResult,
  cancelRunUpdate,
  createRunUpdate,
  type InterruptTurnArgs,
  type InterruptTurnResult,
  interruptTurnUpdate,
  loopDetectedSignal,
  type PostMessageArgs,
  type PostMessageResult,
  postMessageUpdate,
  type RequestApprovalArgs,
  type RequestedApproval,
  type ResolveApprovalArgs,
  type ResolveApprovalResult,
  RUN_WORKFLOW_TYPE,
  type RunInput,
  requestApprovalUpdate,
  resolveApprovalUpdate,
  runWorkflowId,
  type WorkerLost,
  type WorkerReceipt,
  workerAvailableSignal,
  workerLostSignal,
  workerReceiptSignal,
} from '#workflows/run/messages.ts';
import { runStartOptions } from '#workflows/run/start.ts';
import { FAILURE_TYPES } from '#workflows/shared/failures.ts';

/** A command that no worker answers within this is refused for now; the same key finds what came of it. */
const COMMAND_DEADLINE_MS = 5_000;
const RETRY_AFTER_MS = 1_000;

/** A history ends as soon as its last step is committed; the next one takes the command. */
const BETWEEN_HISTORIES_MS = 50;

/** A signal that takes longer is lost; the run looks for itself about as soon. */
const SIGNAL_DEADLINE_MS = 4_000;

/** Below the time a readiness probe waits, so that no probe leaves a call behind. */
const CHECK_DEADLINE_MS = 1_500;

export interface RunWorkflows {
  /** Starts the run, or joins the start of an earlier attempt; returns once `run.created` is committed. */
  create(input: RunInput): Promise<CreateRunResult | 'ended'>;
  cancel(runId: string, args: CancelRunArgs): Promise<CancelRunResult>;
  resolveApproval(runId: string, args: ResolveApprovalArgs): Promise<ResolveApprovalResult>;
  requestApproval(runId: string, args: RequestApprovalArgs): Promise<RequestedApproval>;
  postMessage(runId: string, args: PostMessageArgs): Promise<PostMessageResult>;
  interrupt(runId: string, args: InterruptTurnArgs): Promise<InterruptTurnResult>;
  workerAnswered(runId: string, receipt: WorkerReceipt): void;
  workerLost(runId: string, lost: WorkerLost): void;
  approvalsOrphaned(runId: string, orphaned: ApprovalsOrphaned): void;
  loopDetected(runId: string, finding: LoopFinding): void;
  workerAvailable(runId: string, workerId: string): void;
  /** @throws where Temporal does not answer. */
  check(): Promise<void>;
  /** Waits for the signals under way: a call that retries on a closed channel would end the process. */
  close(): Promise<void>;
}

/** Notes for the reconciler that a run has no workflow; false where that is in order, because the run has ended. */
export type NoteUnreached = (runId: string) => Promise<boolean>;

export function createRunWorkflows(
  client: Client,
  logger: Logger,
  noteUnreached: NoteUnreached,
): RunWorkflows {
  const { workflow } = client;

  async function withinDeadline<T>(call: () => Promise<T>): Promise<T> {
    const deadlineMs = Date.now() + COMMAND_DEADLINE_MS;
    for (;;) {
      try {
        return await client.withDeadline(deadlineMs, call);
      } catch (error) {
        if (!isBetweenHistories(error) || Date.now() + BETWEEN_HISTORIES_MS > deadlineMs) {
          throw asProblem(error);
        }
        await delay(BETWEEN_HISTORIES_MS);
      }
    }
  }

  /** A command to a run that must exist: where its history is lost, it is taken up again, and the same key meets it then. */
  async function reach<T>(runId: string, call: () => Promise<T>): Promise<T> {
    try {
      return await withinDeadline(call);
    } catch (error) {
      if (!(rootOf(error) instanceof WorkflowNotFoundError)) throw error;
      if (!(await noteUnreached(runId))) throw error;
      const detail = 'The run is being taken up again from its log. Repeat with the same key.';
      throw new ProblemError('service_unavailable', detail, {
        retryAfterMs: RETRY_AFTER_MS,
        cause: error,
      });
    }
  }

  const signals = new Set<Promise<void>>();

  function hint(runId: string, send: () => Promise<void>): void {
    const signal = client
      .withDeadline(Date.now() + SIGNAL_DEADLINE_MS, send)
      .catch(async (error: unknown) => {
        if (error instanceof WorkflowNotFoundError && !(await noteUnreached(runId))) return;
        logger.warn({ err: error, run_id: runId }, 'a signal was lost; the run looks for itself');
      })
      .finally(() => signals.delete(signal));
    signals.add(signal);
  }

  const handleOf = (runId: string) => workflow.getHandle(runWorkflowId(runId));

  /** Invariant 1. */
  function command<Result, Args extends { command: CommandContext }>(
    definition: UpdateDefinition<Result, [Args]>,
    name: string,
  ) {
    return (runId: string, args: Args): Promise<Result> =>
      reach(runId, () =>
        handleOf(runId).executeUpdate(definition, {
          args: [args],
          updateId: `${name}/${args.command.idempotency_key}`,
        }),
      );
  }

  return {
    create: (input) =>
      withinDeadline(async () => {
        try {
          return await workflow.executeUpdateWithStart(createRunUpdate, {
            updateId: `create/${input.command.idempotency_key}`,
            startWorkflowOperation: new WithStartWorkflowOperation(
              RUN_WORKFLOW_TYPE,
              runStartOptions(input),
            ),
          });
        } catch (error) {
          // An earlier attempt started it and it has ended since.
          if (error instanceof WorkflowExecutionAlreadyStartedError) return 'ended';
          throw error;
        }
      }),
    cancel: command(cancelRunUpdate, 'cancel'),
    resolveApproval: command(resolveApprovalUpdate, 'approval'),
    requestApproval: command(requestApprovalUpdate, 'ask'),
    postMessage: command(postMessageUpdate, 'message'),
    interrupt: command(interruptTurnUpdate, 'interrupt'),
    workerAnswered: (runId, receipt) =>
      hint(runId, () => handleOf(runId).signal(workerReceiptSignal, receipt)),
    workerLost: (runId, lost) => hint(runId, () => handleOf(runId).signal(workerLostSignal, lost)),
    approvalsOrphaned: (runId, orphaned) =>
      hint(runId, () => handleOf(runId).signal(approvalsOrphanedSignal, orphaned)),
    loopDetected: (runId, finding) =>
      hint(runId, () => handleOf(runId).signal(loopDetectedSignal, finding)),
    workerAvailable: (runId, worker_id) =>
      hint(runId, () => handleOf(runId).signal(workerAvailableSignal, { worker_id })),
    async check() {
      const deadline = Date.now() + CHECK_DEADLINE_MS;
      await client.withDeadline(deadline, () => client.workflowService.getSystemInfo({}));
    },
    async close() {
      await Promise.all(signals);
    },
  };
}

function asProblem(error: unknown): unknown {
  if (error instanceof WorkflowUpdateFailedError && error.cause instanceof ApplicationFailure) {
    return updateProblem(error.cause);
  }
  if (error instanceof WorkflowNotFoundError) {
    return new ProblemError('conflict', 'The run has ended.', { cause: error });
  }
  if (
    error instanceof WorkflowUpdateRPCTimeoutOrCancelledError ||
    isGrpcServiceError(rootOf(error))
  ) {
    const detail = `The run service did not answer within ${COMMAND_DEADLINE_MS} ms. Repeat with the same key.`;
    return new ProblemError('service_unavailable', detail, {
      retryAfterMs: RETRY_AFTER_MS,
      cause: error,
    });
  }
  return error;
}

function isBetweenHistories(error: unknown): boolean {
  return (
    error instanceof WorkflowUpdateFailedError &&
    error.cause instanceof ApplicationFailure &&
    error.cause.type === FAILURE_TYPES.historyEnding
  );
}

function updateProblem(failure: ApplicationFailure): ProblemError {
  switch (failure.type) {
    case FAILURE_TYPES.illegalTransition:
      return new ProblemError('conflict', failure.message, { cause: failure });
    case FAILURE_TYPES.historyEnding:
      return new ProblemError('service_unavailable', failure.message, {
        retryAfterMs: RETRY_AFTER_MS,
        cause: failure,
      });
    case FAILURE_TYPES.approvalNotPending:
      return new ProblemError('approval_not_pending', failure.message, { cause: failure });
    case FAILURE_TYPES.limitExceeded:
      return new ProblemError('limit_exceeded', failure.message, { cause: failure });
    case FAILURE_TYPES.runClosed:
      return new ProblemError('run_closed', failure.message, { cause: failure });
    case FAILURE_TYPES.inputTooLarge:
      return new ProblemError('payload_too_large', failure.message, { cause: failure });
    default:
      return new ProblemError('internal_error', 'The run refused the command.', { cause: failure });
  }
}

function rootOf(error: unknown): unknown {
  return error instanceof Error && error.cause !== undefined ? error.cause : error;
}
