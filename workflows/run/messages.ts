/** Everything that can be said to a run's workflow. Ids of updates are the caller's idempotency keys. */
import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ArtifactRef, RunSpec } from '#proto/gen/types.ts';
import type { LoopFinding } from './loop-detection.ts';
import type { AgentApprovalKind, PolicySet } from './policy.ts';
import type { RunState, RunStatus } from './state.ts';
import type { RunTimings } from './timings.ts';

export const RUN_WORKFLOW_TYPE = 'run';

export function runWorkflowId(runId: string): string {
  return `run/${runId}`;
}

/** Exactly one of the two. */
export type RunOwner =
  | { user_id: string; guest_scope?: undefined }
  | { guest_scope: string; user_id?: undefined };

/** Who asked, under which key: what the command receipt of the mutation says. */
export interface CommandContext {
  request_id: string;
  audit_id: string;
  principal: string;
  /** The audit name of the route, e.g. `runtime.runs.create`. */
  route: string;
  fingerprint: string;
  idempotency_key: string;
}

/** The start input: everything the run needs, so that `run.created` never depends on the update that came with it. */
export interface RunInput {
  run_id: string;
  owner: RunOwner;
  /** Empty where the run belongs to no organisation. */
  org_id: string;
  thread_id: string;
  /** By value: validated, at most 64 KiB as JSON in ordinary use (`limits.ts`). */
  spec: RunSpec;
  objective_hash: string;
  policy: PolicySet;
  command: CommandContext;
  created_at_ms: number;
  /** What the start promises (`start.ts`); absent in runs that began before it promised anything. */
  version?: number;
  /** Only tests and operators shorten these. */
  timings?: Partial<RunTimings>;
}

/** Where a mutation stands in the log. */
export interface TopicPosition {
  topic: string;
  /** Decimal string. */
  seq: string;
}

export interface CreateRunResult {
  run_id: string;
  topic: string;
  seq: string;
  positions: TopicPosition[];
}

export interface CancelRunArgs {
  reason: string;
  requested_by: string;
  command: CommandContext;
}

export interface CancelRunResult {
  run_id: string;
  status: RunStatus;
  positions: TopicPosition[];
}

export type ApprovalScope = 'once' | 'run' | 'session';

/** An agent's question; what and why stand in the approval's row, which is stored before. */
export interface RequestApprovalArgs {
  approval_id: string;
  /** The `turn/start` in which it is asked. */
  request_id: string;
  kind: AgentApprovalKind;
  scopes: ApprovalScope[];
  /** What a wider answer covers; empty: this question alone. */
  rule_key: string;
  /** The start of the agent: what another start asked in the same turn has lost its point. */
  generation: string;
  command: CommandContext;
}

export interface RequestedApproval {
  approval_id: string;
  state: 'requested' | 'approved' | 'denied' | 'expired' | 'superseded';
  decision: 'approve' | 'deny' | null;
  scope: ApprovalScope | null;
  positions: TopicPosition[];
}

export interface ResolveApprovalArgs {
  approval_id: string;
  decision: 'approve' | 'deny';
  scope: ApprovalScope;
  reason: string;
  resolved_by: string;
  command: CommandContext;
}

export interface ResolveApprovalResult {
  approval_id: string;
  state: 'approved' | 'denied';
  positions: TopicPosition[];
}

/** Returns once `run.created` is committed. */
export const createRunUpdate = defineUpdate<CreateRunResult>('createRun');
/** Returns once the request is committed, whatever the worker does then. */
export const cancelRunUpdate = defineUpdate<CancelRunResult, [CancelRunArgs]>('cancelRun');
export const resolveApprovalUpdate = defineUpdate<ResolveApprovalResult, [ResolveApprovalArgs]>(
  'resolveApproval',
);

/** Asked by the host of the run's turn; returns once the question or its answer is committed. */
export const requestApprovalUpdate = defineUpdate<RequestedApproval, [RequestApprovalArgs]>(
  'requestApproval',
);

/** `steer`: into the turn under way. `queue`: the prompt of the next one. */
export type MessageMode = 'steer' | 'queue';

export interface PostMessageArgs {
  /** Its text is stored before, and never in the history. */
  message_id: string;
  /** Of the text as JSON: what a turn's request has room for is bounded. */
  json_bytes: number;
  mode: MessageMode;
  posted_by: string;
  command: CommandContext;
}

export interface PostMessageResult {
  /** What became of it at once. */
  mode: MessageMode;
  /** The turn that it was steered into; 0 where it waits for the next one. */
  turn: number;
  positions: TopicPosition[];
}

export const postMessageUpdate = defineUpdate<PostMessageResult, [PostMessageArgs]>('postMessage');

export interface InterruptTurnArgs {
  reason: string;
  requested_by: string;
  command: CommandContext;
}

export interface InterruptTurnResult {
  turn: number;
  positions: TopicPosition[];
}

/** Returns once the request is committed, whatever the agent does then. */
export const interruptTurnUpdate = defineUpdate<InterruptTurnResult, [InterruptTurnArgs]>(
  'interruptTurn',
);

/** What a worker answered to `turn/start`, as committed by the runtime. */
export interface TurnResponse {
  status: 'completed' | 'interrupted' | 'failed';
  exit_code: number;
  base_commit: string;
  base_tree: string;
  patch: ArtifactRef | null;
  repo_bundle: ArtifactRef | null;
  files_changed: number;
  output: ArtifactRef | null;
  /** Where in the patch the host saw what looks like a credential. */
  suspected_secrets?: string[];
  /** The agent's own thread; a later turn on the same worker goes on with it. */
  agent_thread_id?: string;
}

/** What an interrupted turn came to whose worker was lost before it could say so. */
export const STOPPED_WITHOUT_ANSWER: TurnResponse = {
  status: 'interrupted',
  exit_code: 0,
  base_commit: '',
  base_tree: '',
  patch: null,
  repo_bundle: null,
  files_changed: 0,
  output: null,
};

export interface WorkerFailure {
  code: string;
  message: string;
  retryable?: boolean;
}

export type WorkerReceipt = { worker_id: string; request_id: string } & (
  | { ok: true; response: TurnResponse }
  | { ok: false; error: WorkerFailure }
);

/** A hint: the receipt is committed before it is sent, and a lost one is found by the fallback poll. */
export const workerReceiptSignal = defineSignal<[WorkerReceipt]>('workerReceipt');

export interface WorkerLost {
  worker_id: string;
  /** Decimal string; a signal about an older lease is ignored. */
  lease_epoch: string;
  reason: string;
}

export const workerLostSignal = defineSignal<[WorkerLost]>('workerLost');
export interface ApprovalsOrphaned {
  approval_ids: string[];
  reason: string;
}

/** Whoever asked is gone. A hint: what it does not reach is superseded with the turn. */
export const approvalsOrphanedSignal = defineSignal<[ApprovalsOrphaned]>('approvalsOrphaned');

/** A worker that may fit has registered or come back. */
export const workerAvailableSignal = defineSignal<[{ worker_id: string }]>('workerAvailable');

/** The agent turns in a circle. A hint: as long as it does, each further call says so again. */
export const loopDetectedSignal = defineSignal<[LoopFinding]>('loopDetected');

export interface RunFrame {
  frame_id: string;
  frame_type: string;
}

export const frameSignal = defineSignal<[RunFrame]>('frame');

export interface RunView {
  run_id: string;
  state: RunState;
  turn: number;
  recoveries: number;
  worker_id: string | null;
  waiting_for: string;
}

export const runStateQuery = defineQuery<RunView>('runState');
