/**
 * Workflow `run/{run_id}`: turns an objective into a verified result.
 *
 * 1. `run.created` comes from the start input, so a lost update cannot leave a run that never begins.
 * 2. Every way out leads through one `finishRun`, which closes the log; nothing reopens it.
 * 3. A cancel that was committed before the run finished wins over any other end.
 */
import {
  allHandlersFinished,
  CancellationScope,
  condition,
  log,
  proxyActivities,
  setWorkflowOptions,
} from '@temporalio/workflow';
import { DERIVE, RECORD } from '../shared/activity-options.ts';
import { refuse, rootCause, rootMessage } from '../shared/failures.ts';
import { summaryOf } from '../shared/summary.ts';
import { approvePatch } from './approval.ts';
import { expectAnswers } from './approval-answers.ts';
import type { ContinuableInput } from './carry.ts';
import { decideFor, move, type RunContext, showDetails, withoutLease } from './context.ts';
import { continueBetweenTurns, continueRun, RunContinues } from './continue.ts';
import { awaitMessage, isTold } from './conversation.ts';
import { COMPLETED_WITHOUT_VERDICT, type Ending, failed, RunEnded, RunStopped } from './ending.ts';
import { answerMessages, requestCancel } from './handlers.ts';
import { FEEDBACK_BYTES_MAX, INPUT_BYTES_MAX, SPEC_BYTES_MAX } from './limits.ts';
import type { TurnResponse } from './messages.ts';
import { openRun } from './open.ts';
import type { FinishedRun, RunActivities } from './ports.ts';
import { canceled, stop } from './stop.ts';
import { takeTurn } from './turn.ts';
import { verifyTurn } from './verify.ts';

const records = proxyActivities<RunActivities>(RECORD);
const derivations = proxyActivities<RunActivities>(DERIVE);

export interface RunResult extends FinishedRun {
  status: string;
  reason_class: string;
  reason: string;
}

setWorkflowOptions({ versioningBehavior: 'PINNED' }, run);
export async function run(input: ContinuableInput): Promise<RunResult> {
  const root = CancellationScope.current();
  return CancellationScope.nonCancellable(async () => {
    const context = openRun(input);
    answerMessages(context);
    followOperatorCancel(context, root);
    expectAnswers(context);
    const finished = await conductToEnd(context);
    if (finished === 'continues') return continueRun(context);
    await deriveFiles(context);
    await condition(allHandlersFinished);
    return finished;
  });
}

/** Somebody who spoke while the run was about to end is heard: it goes on. */
async function conductToEnd(context: RunContext): Promise<RunResult | 'continues'> {
  for (;;) {
    const ending = await conduct(context);
    if (ending === 'continues') return ending;
    const finished = await finish(context, ending);
    if (finished) return finished;
  }
}

function assertInputSize(input: RunContext['input']): void {
  for (const [name, value, bytesMax] of [
    ['spec', input.spec, SPEC_BYTES_MAX],
    ['input', input, INPUT_BYTES_MAX],
  ] as const) {
    const bytes = new TextEncoder().encode(JSON.stringify(value)).length;
    if (bytes > bytesMax) {
      throw refuse('inputTooLarge', `the run's ${name} has ${bytes} bytes of at most ${bytesMax}`);
    }
  }
}

/** Somebody cancelled the workflow itself, in the Temporal UI: the run is cancelled the ordinary way. */
function followOperatorCancel(context: RunContext, root: CancellationScope): void {
  root.cancelRequested.catch(() =>
    requestCancel(context, {
      reason: 'the workflow was cancelled in Temporal',
      requested_by: 'operator',
      command: null,
    }).catch((error: unknown) => log.warn('cancel came too late', { reason: rootMessage(error) })),
  );
}

async function conduct(context: RunContext): Promise<Ending | 'continues'> {
  await recordCreation(context);
  if (context.ending) return context.ending;
  try {
    return await work(context);
  } catch (error) {
    if (error instanceof RunEnded) return error.ending;
    if (error instanceof RunStopped) return stop(context, error);
    if (error instanceof RunContinues) return 'continues';
    log.error('run failed', { reason: rootMessage(error) });
    return failed('failed', rootMessage(error));
  }
}

/** Invariant 1. */
async function recordCreation(context: RunContext): Promise<void> {
  const { input } = context;
  const decision = decideFor(context, { point: 'create', spec: input.spec });
  context.createDenied = decision.decision === 'allow' ? null : decision.explanation;
  if (context.created) return;
  try {
    assertInputSize(input);
    await context.exclusive(async () => {
      context.created = await records.recordRunCreated.executeWithOptions(
        { summary: summaryOf(`Record the run and its objective: ${decision.decision} by policy`) },
        [{ run: input, decision }],
      );
    });
  } catch (error) {
    context.creationFailure = rootCause(error);
    await condition(allHandlersFinished);
    throw error;
  }
}

async function work(context: RunContext): Promise<Ending> {
  if (context.createDenied !== null) return failed('policy_denied', context.createDenied);
  const harness = context.input.spec.verification?.harness;
  for (;;) {
    const response = context.response ?? (await takeTurn(context));
    context.patch = response.patch ?? context.patch;
    assertOutput(context, response);
    if (response.status === 'interrupted') await awaitMessage(context);
    if (isTold(context)) {
      nextTurn(context, '');
      continue;
    }
    if (!harness) return withoutVerdict(response);
    const judged = await judge(context, response, harness);
    if (judged.accepted) return judged.ending;
    const { attempts_max, turns_max } = context.limits;
    if (context.attempt >= attempts_max || context.turn >= turns_max) return judged.ending;
    context.attempt += 1;
    nextTurn(context, judged.feedback.slice(-FEEDBACK_BYTES_MAX));
  }
}

/** @throws RunContinues */
function nextTurn(context: RunContext, feedback: string): void {
  context.feedback = feedback;
  context.response = null;
  context.outcome = null;
  continueBetweenTurns(context);
}

type Judged =
  | { accepted: true; ending: Ending }
  | { accepted: false; ending: Ending; feedback: string };

async function judge(
  context: RunContext,
  response: TurnResponse,
  harness: Parameters<typeof verifyTurn>[2],
): Promise<Judged> {
  const { patch } = response;
  if (!patch) {
    const reason = `the agent changed nothing (exit code ${response.exit_code})`;
    return { accepted: false, ending: failed('verification_failed', reason), feedback: reason };
  }
  const outcome = context.outcome ?? (await verifyTurn(context, { ...response, patch }, harness));
  if (outcome.verdict !== 'accepted') {
    const reason = `${outcome.verdict}: ${outcome.reason}`;
    return {
      accepted: false,
      ending: failed('verification_failed', reason),
      feedback: `${reason}\n\n${outcome.feedback}`,
    };
  }
  await approvePatch(context, 'protected_paths', outcome.protected_paths_touched);
  await approvePatch(context, 'suspected_secrets', response.suspected_secrets ?? []);
  const reason = `accepted at tier O, ${outcome.strength}${outcome.sandboxed ? '' : ', unsandboxed'}`;
  return { accepted: true, ending: { status: 'succeeded', reason_class: 'completed', reason } };
}

function withoutVerdict(response: TurnResponse): Ending {
  return response.exit_code === 0
    ? COMPLETED_WITHOUT_VERDICT
    : failed('failed', `the agent ended with exit code ${response.exit_code}`);
}

function assertOutput(context: RunContext, { output, patch }: TurnResponse): void {
  const output_bytes = Number(output?.bytes ?? 0) + Number(patch?.bytes ?? 0);
  const decision = decideFor(context, {
    point: 'finish',
    kind: 'output',
    output_bytes,
    output_bytes_max: context.limits.output_bytes_max,
  });
  if (decision.decision === 'allow') return;
  context.decisions.push(decision);
  throw new RunEnded(failed('policy_denied', decision.explanation));
}

/** Invariants 2 and 3. Null where the run goes on, because somebody spoke before this step had its turn. */
async function finish(context: RunContext, ending: Ending): Promise<RunResult | null> {
  return context.exclusive(async () => {
    if (isTold(context) && isJudged(ending) && context.state.status === 'running') return null;
    const { input, openTurn } = context;
    const isCanceling = context.state.status === 'canceling';
    const { status, reason_class, reason } = isCanceling ? canceled(context) : ending;
    const finished = await records.finishRun.executeWithOptions(
      { summary: summaryOf(`Close the log as ${status} and sign the receipt: ${reason}`) },
      [
        {
          run_id: input.run_id,
          status,
          reason_class,
          reason,
          policy_bundle_id: context.policyBundleId,
          decisions: context.decisions,
          turn_end: context.turnEnd,
          open_turn: openTurn && withoutLease(openTurn),
          verdict: context.verdict,
          patch: context.patch,
        },
      ],
    );
    context.openTurn = null;
    move(context, { kind: 'finish', status, reason_class, reason });
    return { ...finished, status, reason_class, reason };
  });
}

/** It ends by its result, not because something stopped it. */
function isJudged({ reason_class }: Ending): boolean {
  return reason_class === 'completed' || reason_class === 'verification_failed';
}

/** The receipt stands already: a file that cannot be derived is said, and does not change the run. */
async function deriveFiles(context: RunContext): Promise<void> {
  try {
    await derivations.deriveRunFiles.executeWithOptions(
      { summary: 'Write the replay file and the bundle from the closed log' },
      [{ run_id: context.input.run_id }],
    );
    context.note = 'Receipt signed, replay file and bundle written';
  } catch (error) {
    context.note = `Receipt signed; replay file and bundle could not be written: ${rootMessage(error)}`;
    log.error('run files not derived', { reason: rootMessage(error) });
  }
  showDetails(context);
}
