/**
 * What a run needs done. Each method is one transaction, idempotent under retry: its events carry idempotency keys that are
 * made of the run's own numbers (turn, recovery, attempt), never of the time.
 */
import type { ArtifactRef } from '#proto/gen/types.ts';
import type { LoopFinding } from './loop-detection.ts';
import type {
  ApprovalScope,
  CancelRunArgs,
  CommandContext,
  MessageMode,
  RequestedApproval,
  ResolveApprovalArgs,
  RunInput,
  TopicPosition,
  WorkerReceipt,
} from './messages.ts';
import type { ApprovalKind, PolicyDecision } from './policy.ts';
import type { TerminalReasonClass, TerminalStatus } from './state.ts';

export interface RecordedStep {
  topic: string;
  /** Of the step's first event; decimal string. */
  seq: string;
  positions: TopicPosition[];
}

/** How a turn ended; journaled with the step that follows from it. */
export interface TurnEnd {
  turn: number;
  request_id: string;
  status: 'completed' | 'failed' | 'interrupted';
  reason: string;
}

/** A turn that a worker holds. */
export interface OpenTurn {
  turn: number;
  worker_id: string;
  request_id: string;
}

export interface DispatchTurnInput {
  run_id: string;
  turn: number;
  /** How many executors this run has lost before; a re-dispatch is a request of its own. */
  recovery: number;
  /** The verifier's output of the attempt before; empty on the first. */
  feedback: string;
  decision: PolicyDecision;
  deadline_at_ms: number;
  previous_turn: TurnEnd | null;
  /** What people said since the turn before, in order; absent: nothing. */
  message_ids?: string[];
}

export type DispatchOutcome =
  | { kind: 'dispatched'; worker_id: string; request_id: string; lease_epoch: string }
  /** Nobody fits now; journaled once, in phase `dispatching`. */
  | { kind: 'no_worker'; waiting_for: string };

export interface ExecutorLostInput {
  run_id: string;
  open_turn: OpenTurn;
  /** From 1. */
  recovery: number;
  reason: string;
  /** Where the worker itself said that it could not go on; null where it fell silent and its request is still open. */
  turn_end: TurnEnd | null;
}

export type ExecutorLostOutcome =
  | { kind: 'lost' }
  /** The worker had answered before it was lost: its receipt stands. */
  | { kind: 'answered'; receipt: WorkerReceipt };

export interface CancelRequestedInput {
  run_id: string;
  reason: string;
  requested_by: string;
  /** Null where an operator cancelled the workflow itself. */
  command: CancelRunArgs['command'] | null;
  /** The turn under way, which the worker is asked to interrupt. */
  open_turn: OpenTurn | null;
}

export interface LoopDetectedInput {
  run_id: string;
  finding: LoopFinding;
  /** The turn under way, which the worker is asked to interrupt. */
  open_turn: OpenTurn | null;
}

export interface BeginVerificationInput {
  run_id: string;
  turn_end: TurnEnd;
  attempt: number;
  tier: string;
  patch: ArtifactRef;
}

export interface RequestApprovalInput {
  run_id: string;
  kind: ApprovalKind;
  /** One approval of a kind per turn, where the platform asks of a patch. */
  turn: number;
  /** The paths or places that ask for it; empty for an agent's own question. */
  found: string[];
  reason: string;
  decision: PolicyDecision;
  timeout_ms: number;
  on_timeout: 'approve' | 'deny';
  /** The agent's turn waits for nothing else, should this be answered at once: phase `executing` again. */
  goes_on: boolean;
  /** What a wider answer covers; empty: this question alone. */
  rule_key: string;
  /** What the policy says where an answer in an earlier run of the thread covers it. */
  granted: PolicyDecision;
  /** The approval whose answer in this run covers it; empty where none does. */
  granted_by: string;
  /** An agent's question, as the API stored it; null where the platform asks of a patch. */
  offered: { approval_id: string } | null;
  /** Questions of an earlier start of the same agent, which this one ends. */
  superseded: string[];
  /** Null where the platform asks of a patch. */
  command: CommandContext | null;
}

export interface ApprovalResolvedInput {
  run_id: string;
  approval_id: string;
  decision: 'approve' | 'deny';
  scope: ApprovalScope;
  reason: string;
  resolved_by: string;
  /** Null where nobody answered and the run's policy did. */
  command: ResolveApprovalArgs['command'] | null;
  /** The agent's turn waits for nothing else: phase `executing` again. */
  goes_on?: boolean;
}

export interface ApprovalsSupersededInput {
  run_id: string;
  approval_ids: string[];
  reason: string;
}

export interface RecordMessageInput {
  run_id: string;
  message_id: string;
  mode: MessageMode;
  posted_by: string;
  /** The turn that it is steered into; null: it waits for the next one. */
  open_turn: OpenTurn | null;
  command: CommandContext;
}

export interface SettleSteersInput {
  run_id: string;
  turn: number;
  steers: { message_id: string; steer_request_id: string; worker_id: string }[];
  /** Why those that the agent has not taken wait for the next turn. */
  reason: string;
}

export interface InterruptRequestedInput {
  run_id: string;
  open_turn: OpenTurn;
  reason: string;
  requested_by: string;
  command: CommandContext;
}

export interface RunVerdict {
  verdict: string;
  tier: string;
  strength: string;
  receipt_id: string;
  receipt_sha256: string;
  sandboxed: boolean;
  attempt: number;
}

export interface FinishRunInput {
  run_id: string;
  status: TerminalStatus;
  reason_class: TerminalReasonClass;
  reason: string;
  policy_bundle_id: string;
  decisions: PolicyDecision[];
  turn_end: TurnEnd | null;
  /** A request that nobody answered: the platform ends it and tells the worker to stop. */
  open_turn: OpenTurn | null;
  verdict: RunVerdict | null;
  patch: ArtifactRef | null;
}

export interface FinishedRun {
  seq: string;
  receipt_id: string;
  trajectory_hash: string;
}

export interface RunFiles {
  replay: ArtifactRef;
  /** Null where the run produced no patch. */
  bundle: ArtifactRef | null;
}

export interface RunActivities {
  /** The run's row, `run.created`, the decision at create and the command receipt. */
  recordRunCreated(input: { run: RunInput; decision: PolicyDecision }): Promise<RecordedStep>;
  /** Chooses a worker, appends `turn.started` and puts the request on the worker's topic. */
  dispatchTurn(input: DispatchTurnInput): Promise<DispatchOutcome>;
  /** The committed receipt of a request, or null while there is none. */
  readReceipt(input: { worker_id: string; request_id: string }): Promise<WorkerReceipt | null>;
  /** `run.executor_lost`; ends the lost request, so that a late answer finds it ended. */
  recordExecutorLost(input: ExecutorLostInput): Promise<ExecutorLostOutcome>;
  /** `run.cancel_requested`, status `canceling`, and `turn/interrupt` to the worker. */
  recordCancelRequested(input: CancelRequestedInput): Promise<RecordedStep>;
  /** `run.loop_detected`, critical, and `turn/interrupt` to the worker. */
  recordLoopDetected(input: LoopDetectedInput): Promise<void>;
  /** Phase `verifying` and `verification.started`. */
  beginVerification(input: BeginVerificationInput): Promise<{ verification_id: string }>;
  /**
   * Phase `awaiting_approval`, `approval.requested`, and the owner's notification; or `approval.resolved` at once, where
   * the policy or an earlier answer decides.
   */
  requestApproval(input: RequestApprovalInput): Promise<RequestedApproval>;
  /** `approval.resolved`, the owner's notification, and `approval/resolve` to the worker whose agent asked. */
  recordApprovalResolved(input: ApprovalResolvedInput): Promise<RecordedStep>;
  /** `approval.superseded` for those that still wait. */
  recordApprovalsSuperseded(input: ApprovalsSupersededInput): Promise<void>;
  /** `message.delivered` and `turn/steer` to the worker, or `message.queued`. */
  recordMessage(input: RecordMessageInput): Promise<RecordedStep & { steer_request_id: string }>;
  /** Which messages of an ended turn its agent never took; their requests are over, and `message.queued` says so. */
  settleSteers(input: SettleSteersInput): Promise<{ untaken: string[] }>;
  /** `turn.interrupt_requested`, and `turn/interrupt` to the worker. */
  recordInterruptRequested(input: InterruptRequestedInput): Promise<RecordedStep>;
  /** Phase `awaiting_message` after an interrupted turn. */
  recordAwaitingMessage(input: { run_id: string; turn_end: TurnEnd }): Promise<void>;
  /** `run.finished`, which closes the log, and the signed run receipt. */
  finishRun(input: FinishRunInput): Promise<FinishedRun>;
  /** The replay file and the bundle, derived from the closed log. */
  deriveRunFiles(input: { run_id: string }): Promise<RunFiles>;
}
