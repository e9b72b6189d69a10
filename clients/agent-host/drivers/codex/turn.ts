/**
 * One turn of Codex, from request to outcome, in a process of its own: nothing of one run's agent is near another's, and
 * what a turn leaves is ended with it. Starting the process costs a fifth of a second.
 *
 * 1. The thread is remembered on disk before the model hears of the turn.
 * 2. Accepting a prompt is not finishing it: the turn ends with `turn/completed`, with its process, or by a stop.
 * 3. A question of a process that ended is not asked again: its key holds a generation that no other process has.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { reapMarked } from '../../process-group.ts';
import type { StopReason, TurnContext, TurnMessage, TurnOutcome, TurnRequest } from '../driver.ts';
import { type AppServer, openAppServer } from './app-server.ts';
import { createDiffRecord } from './diff-record.ts';
import { failureOf } from './failure.ts';
import { createItems } from './items.ts';
import type { Launch } from './launch.ts';
import { promptOf, textInput } from './prompt.ts';
import { createQuestionDesk } from './question-desk.ts';
import { RpcClosedError, RpcError } from './rpc.ts';
import { openThread } from './thread.ts';
import { createTurnEvents, type TurnEnd } from './turn-events.ts';
import { createTurnOutput } from './turn-output.ts';
import { createUsageMeter, type TokenPrice } from './usage.ts';

export interface CodexTurnDeps {
  price: TokenPrice | undefined;
  version: string;
  stopGraceMs: number;
  now(): number;
}

/** How long an interrupted turn may take to say that it ended; a run that is canceled waits ten seconds altogether. */
const INTERRUPT_WAIT_MS = 3_000;
const GENERATION_BYTES = 6;

export async function runCodexTurn(
  deps: CodexTurnDeps,
  launch: Launch,
  request: TurnRequest,
  context: TurnContext,
): Promise<TurnOutcome> {
  const { workspace, signal } = context;
  const output = createTurnOutput(join(context.turnDirectory, 'output.txt'));
  const ending = Promise.withResolvers<TurnEnd>();
  /** A stop that the driver itself decided on. */
  const halted = new AbortController();
  const pickedUp = new Map<string, (taken: boolean) => void>();
  let model = request.agent.model;

  const items = createItems({
    requestId: request.requestId,
    turn: request.turn,
    workTree: workspace.workTree,
    emit: context.emit,
    now: deps.now,
    onText(text) {
      output.append(text);
      if (output.bytes > request.outputBytesMax) halt('output_limit');
    },
  });
  const diff = createDiffRecord({
    turn: request.turn,
    store: (text) => context.storeText('diff', text),
    emit: context.emit,
    onFailure: (error) => complain(`the diff of the turn was not stored: ${String(error)}`),
  });
  const events = createTurnEvents({
    turn: request.turn,
    items,
    usage: createUsageMeter(() => model, deps.price),
    diff,
    emit: context.emit,
    onUserMessage: (clientId) => settleMessage(clientId, true),
    onEnd: ending.resolve,
    onModel(name) {
      model = name;
    },
  });
  const questions = createQuestionDesk({
    generation: randomBytes(GENERATION_BYTES).toString('hex'),
    workTree: workspace.workTree,
    findItem: items.find,
    ask: context.approvals.ask,
    emit: context.emit,
    onFlood: () => halt('interrupted'),
  });

  function halt(reason: StopReason): void {
    if (!halted.signal.aborted) halted.abort(reason);
  }

  function complain(message: string): void {
    context.emit({
      event_type: 'agent.error',
      payload: { message, will_retry: false },
      sheddable: false,
    });
  }

  function settleMessage(messageId: string, taken: boolean): void {
    pickedUp.get(messageId)?.(taken);
    pickedUp.delete(messageId);
  }

  const stop = AbortSignal.any([signal, halted.signal]);
  let server: AppServer | undefined;
  let threadId = '';
  let turnId = '';
  try {
    const opened = await openAppServer({
      ...launch,
      cwd: workspace.workTree,
      stopGraceMs: deps.stopGraceMs,
      processStarting: context.processStarting,
      signal,
      onNotification: events.take,
      onRequest: questions.answer,
    });
    server = opened;
    const thread = await unlessStopped(
      openThread(opened, launch.settings, request, workspace.directory),
    );
    threadId = thread.id;
    model ||= thread.model;
    context.emit({ event_type: 'thread.started', payload: thread.announced, sheddable: false });
    const begun = await unlessStopped(
      opened.call('turn/start', {
        threadId,
        input: promptOf(request, thread.start),
        permissions: launch.permissions,
      }),
    );
    turnId = begun.turn.id;
    events.follow(turnId);
    context.takesMessages((message) => steer(opened, message));
    const end = await untilEnd(opened);
    return await outcome(end, undefined);
  } catch (error) {
    if (stop.aborted) return await outcome(undefined, undefined);
    if (!(error instanceof RpcClosedError) && !(error instanceof RpcError)) throw error;
    return await outcome(undefined, {
      code: error instanceof RpcClosedError ? 'worker_unavailable' : 'internal_error',
      message: `Codex did not finish the turn: ${error.message}`,
      retryable: error instanceof RpcClosedError,
    });
  } finally {
    questions.close();
    await endProcesses();
  }

  /** Until the turn has begun there is nothing to interrupt, and its process is ended. */
  function unlessStopped<T>(asked: Promise<T>): Promise<T> {
    return Promise.race([asked, stopped(stop).then(() => Promise.reject(stop.reason))]);
  }

  async function endProcesses(): Promise<void> {
    await server?.stop();
    // Out of a namespace that ended nothing can have escaped.
    if (!launch.namespaced) await reapMarked(request.requestId);
  }

  async function steer(to: AppServer, message: TurnMessage): Promise<boolean> {
    const taken = new Promise<boolean>((resolve) => pickedUp.set(message.messageId, resolve));
    try {
      await to.call('turn/steer', {
        threadId,
        expectedTurnId: turnId,
        clientUserMessageId: message.messageId,
        input: [textInput(message.text)],
      });
    } catch (error) {
      if (!(error instanceof RpcError) && !(error instanceof RpcClosedError)) throw error;
      settleMessage(message.messageId, false);
    }
    return taken;
  }

  /** The turn's end; undefined where it was stopped and did not say so in time. */
  async function untilEnd(to: AppServer): Promise<TurnEnd | undefined> {
    const gone = to.exited.then(() => {
      throw new RpcClosedError('its process was ended');
    });
    gone.catch(() => undefined);
    const stopping = stopped(stop).then(async () => {
      questions.close();
      await to.call('turn/interrupt', { threadId, turnId }).catch(() => undefined);
      await Promise.race([
        ending.promise,
        gone,
        delay(INTERRUPT_WAIT_MS, undefined, { ref: false }),
      ]);
    });
    const first = await Promise.race([ending.promise, gone, stopping]);
    return first ?? undefined;
  }

  async function outcome(
    end: TurnEnd | undefined,
    crash: TurnOutcome['failure'],
  ): Promise<TurnOutcome> {
    questions.close();
    for (const messageId of [...pickedUp.keys()]) settleMessage(messageId, false);
    // Nothing of the agent may change the work tree while the patch is taken.
    await endProcesses();
    items.closeOpen();
    await diff.settle();
    const file = await output.finish();
    const reason = stop.aborted ? (stop.reason as StopReason) : undefined;
    const gaveUp = end?.status === 'failed' && !reason ? failureOf(end.error) : undefined;
    const failure = questions.flooded ?? crash ?? gaveUp;
    const status = reason ? 'interrupted' : end?.status === 'completed' ? 'completed' : 'failed';
    return {
      status,
      exitCode: status === 'completed' ? 0 : 1,
      output: file,
      stopped: questions.flooded ? undefined : reason,
      failure: reason && !questions.flooded ? undefined : failure,
      detail: {
        agent: { name: 'codex', version: deps.version, model },
        agent_thread_id: threadId,
        confinement: launch.confinement,
      },
    };
  }
}

function stopped(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
