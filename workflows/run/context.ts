/**
 * One run in the memory of its workflow: where it stands, what it was told, and the only ways to take a step or to wait.
 *
 * 1. `step` runs one recording activity at a time, so the state here and the state in the database move together.
 * 2. After a cancel, the end of the wall clock or a loop of the agent neither `step` nor `until` lets the main flow go on: they throw RunStopped.
 */
import { condition, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { ArtifactRef } from '#proto/gen/types.ts';
import { createLock, type Lock } from '../shared/lock.ts';
import type { VerificationOutcome } from '../verification/messages.ts';
import { describeRun } from './details.ts';
import { type Ending, RunStopped } from './ending.ts';
import { type EffectiveLimits, effectiveLimits } from './limits.ts';
import type { LoopFinding } from './loop-detection.ts';
import type { RunInput, RunView, TurnResponse, WorkerLost, WorkerReceipt } from './messages.ts';
import {
  decide,
  type PolicyDecision,
  type PolicyQuestion,
  policyBundleId,
  rulesInForce,
} from './policy.ts';
import type { OpenTurn, RecordedStep, RunVerdict, TurnEnd } from './ports.ts';
import { ATTRIBUTES, stateText } from './search-attributes.ts';
import { advance, INITIAL_RUN_STATE, type RunState, type RunTransition } from './state.ts';
import { DEFAULT_RUN_TIMINGS, type RunTimings } from './timings.ts';

/** A turn as the workflow follows it: with the lease under which the worker holds it. */
export interface LeasedTurn extends OpenTurn {
  lease_epoch: string;
}

/** A turn as the steps know it. */
export function withoutLease({ turn, worker_id, request_id }: LeasedTurn): OpenTurn {
  return { turn, worker_id, request_id };
}

/** A question that waits for a person. */
export interface PendingApproval {
  approval_id: string;
  /** What a wider answer covers; empty: this question alone. */
  rule_key: string;
  /** The turn whose agent asked; null where the platform asks of a patch. */
  request_id: string | null;
  /** The start of the agent that asked. */
  generation: string;
  expires_at_ms: number;
  answer: { decision: 'approve' | 'deny'; by: string } | null;
}

export interface ProcessedUpdate {
  update_id: string;
  /** JSON, as it was answered. */
  result: unknown;
}

/** An answer that covers further questions of this run. */
export interface RunGrant {
  rule_key: string;
  scope: 'run' | 'session';
  approval_id: string;
}

export interface WaitingMessage {
  message_id: string;
  json_bytes: number;
}

/** A message on its way into the open turn. */
export interface SteeredMessage extends WaitingMessage {
  steer_request_id: string;
  worker_id: string;
}

export interface RunContext {
  readonly input: RunInput;
  readonly limits: EffectiveLimits;
  readonly timings: RunTimings;
  readonly policyBundleId: string;
  readonly deadlineMs: number;
  readonly exclusive: Lock;
  state: RunState;
  created: RecordedStep | null;
  creationFailure: unknown;
  /** Why the policy refuses the run; null where it does not. */
  createDenied: string | null;
  /** From 1: how often a harness has judged, or will have. */
  attempt: number;
  /** What the attempt before taught; empty on the first. */
  feedback: string;
  turn: number;
  /** Whether turn `turn` is still to be answered. */
  turnBegun: boolean;
  recoveries: number;
  /** Held by a worker that has not answered. */
  openTurn: LeasedTurn | null;
  /** The end of the last turn, until a step has journaled it. */
  turnEnd: TurnEnd | null;
  /** What the worker answered to the turn that is judged now. */
  response: TurnResponse | null;
  /** What the harness said to that answer. */
  outcome: VerificationOutcome | null;
  verdict: RunVerdict | null;
  patch: ArtifactRef | null;
  /** Decisions that the next step journals. */
  decisions: PolicyDecision[];
  /** By id; those that wait. */
  approvals: Record<string, PendingApproval>;
  grants: RunGrant[];
  /** How many questions the agent of the open turn has asked. */
  approvalsOfTurn: number;
  /** For the next turn, in order. */
  queue: WaitingMessage[];
  /** What the turn under way began with. */
  turnMessages: WaitingMessage[];
  /** What was said into the turn under way. */
  steers: SteeredMessage[];
  /** The turn that somebody interrupted, until it has ended. */
  interruptedRequest: string | null;
  /** By request id; a receipt can arrive before its dispatch has returned. */
  receipts: Record<string, WorkerReceipt>;
  lost: WorkerLost | null;
  /** The agent was found turning in a circle: the run ends. */
  loop: LoopFinding | null;
  /** Counts the signals that a worker may be free. */
  workersSeen: number;
  wallClockEnded: boolean;
  waitingFor: string;
  note: string;
  /** Why it was canceled, in the words of whoever did. */
  cancelReason: string;
  /** Updates answered lately, over all histories of the run. */
  processed: ProcessedUpdate[];
  /** How many histories of this run ended before this one. */
  histories: number;
  /** Decided before this history began: all that is left is to write it down. */
  ending: Ending | null;
  /** Set while this history lets its last handlers finish; who asks then is told to ask again. */
  isEnding: boolean;
}

/** As a run begins. */
export function newContext(input: RunInput): RunContext {
  const limits = effectiveLimits(input.spec);
  return {
    input,
    limits,
    timings: { ...DEFAULT_RUN_TIMINGS, ...input.timings },
    policyBundleId: policyBundleId(input.policy),
    deadlineMs: input.created_at_ms + limits.wall_s_max * 1000,
    exclusive: createLock(),
    state: INITIAL_RUN_STATE,
    created: null,
    creationFailure: null,
    createDenied: null,
    attempt: 1,
    feedback: '',
    turn: 0,
    turnBegun: false,
    recoveries: 0,
    openTurn: null,
    turnEnd: null,
    response: null,
    outcome: null,
    verdict: null,
    patch: null,
    decisions: [],
    approvals: {},
    grants: [],
    approvalsOfTurn: 0,
    queue: [],
    turnMessages: [],
    steers: [],
    interruptedRequest: null,
    receipts: {},
    lost: null,
    loop: null,
    workersSeen: 0,
    wallClockEnded: false,
    waitingFor: '',
    note: '',
    cancelReason: '',
    processed: [],
    histories: 0,
    ending: null,
    isEnding: false,
  };
}

/** Takes transitions of the matrix and shows where they lead to whoever watches. */
export function move(context: RunContext, ...transitions: RunTransition[]): void {
  const before = context.state;
  context.state = transitions.reduce(advance, before);
  if (context.state === before) return;
  upsertSearchAttributes([{ key: ATTRIBUTES.state, value: stateText(context.state) }]);
  showDetails(context);
}

/** Says what the run waits for now; empty: it works on its own. */
export function waitFor(context: RunContext, what: string): void {
  context.waitingFor = what;
  showDetails(context);
}

export function showDetails(context: RunContext): void {
  setCurrentDetails(
    describeRun({
      objective: context.input.spec.objective,
      state: context.state,
      turn: context.turn,
      turns_max: context.limits.turns_max,
      recoveries: context.recoveries,
      worker_id: context.openTurn?.worker_id ?? null,
      waiting_for: context.waitingFor,
      deadline_at_ms: context.deadlineMs,
      approvals: Object.values(context.approvals).filter(({ answer }) => answer === null),
      on_timeout: rulesInForce(context.input.policy).approval_timeout,
      note: context.note,
    }),
  );
}

/** Invariants 1 and 2. */
export function step<T>(context: RunContext, work: () => Promise<T>): Promise<T> {
  return context.exclusive(() => {
    assertGoing(context);
    return work();
  });
}

/** How long to wait, and in the words of the Temporal UI for what the timer is. */
export interface Patience {
  timeoutMs: number;
  summary: string;
}

/**
 * Waits until `met` or as long as `patience` says; whether it was met.
 * @throws RunStopped
 */
export async function until(
  context: RunContext,
  met: () => boolean,
  patience?: Patience,
): Promise<boolean> {
  const awake = () => met() || isStopped(context);
  await (patience
    ? condition(awake, patience.timeoutMs, { summary: patience.summary })
    : condition(awake));
  assertGoing(context);
  return met();
}

function isStopped(context: RunContext): boolean {
  return context.state.status === 'canceling' || context.wallClockEnded || context.loop !== null;
}

function assertGoing(context: RunContext): void {
  if (context.state.status === 'canceling') throw new RunStopped('canceled');
  if (context.wallClockEnded) throw new RunStopped('timeout');
  if (context.loop) throw new RunStopped('loop_detected');
}

export function viewOf(context: RunContext): RunView {
  return {
    run_id: context.input.run_id,
    state: context.state,
    turn: context.turn,
    recoveries: context.recoveries,
    worker_id: context.openTurn?.worker_id ?? null,
    waiting_for: context.waitingFor,
  };
}

export function decideFor(context: RunContext, question: PolicyQuestion): PolicyDecision {
  return decide(context.input.policy, question);
}
