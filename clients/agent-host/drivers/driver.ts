import type { AgentSpec, ArtifactRef, JsonObject } from '#proto/gen/types.ts';
import type { ProcessIdentity } from '../../api/process-identity.ts';
import type { ApprovalDesk } from '../approvals.ts';
import type { EventInput } from '../spool.ts';
import type { WorkerErrorCode } from '../worker-error.ts';
import type { StoredFile, Workspace } from '../workspace.ts';

/** What a person wrote to the thread of the run. */
export interface TurnMessage {
  messageId: string;
  text: string;
}

/** One turn of a run, as the platform asks for it. */
export interface TurnRequest {
  requestId: string;
  runId: string;
  threadId: string;
  /** From 1. */
  turn: number;
  objective: string;
  agent: AgentSpec;
  /** What the verifier said about the attempt before; empty on the first. */
  feedback: string;
  /** Hash of the patch that an earlier turn made, perhaps elsewhere. */
  previousPatch: string | undefined;
  /** Messages that waited for this turn, oldest first. */
  messages: readonly TurnMessage[];
  /** The agent's own thread that the platform knows of on this worker; `fork` leaves it as it is. */
  agentThread: { id: string; fork: boolean } | undefined;
  /** When the platform stops waiting, unix ms. */
  deadlineAtMs: number;
  /** Output beyond this ends the turn. */
  outputBytesMax: number;
}

/** Why a turn ends before its agent does. The reason of the turn's abort signal. */
export type StopReason = 'interrupted' | 'deadline' | 'output_limit' | 'host_stopping';

export interface TurnContext {
  workspace: Workspace;
  /** This turn's own directory: feedback, output. */
  turnDirectory: string;
  signal: AbortSignal;
  emit(event: EventInput): void;
  /** Resolves when the identity of the agent's process is on disk; the agent starts only then. */
  processStarting(identity: ProcessIdentity): Promise<void>;
  approvals: ApprovalDesk;
  /** Stores a text as an artifact of the run. */
  storeText(kind: 'diff', text: string): Promise<ArtifactRef>;
  /**
   * Tells how the running turn takes messages. The promise of `steer` is true when the agent has the message in front of
   * it, false where the turn ended before.
   */
  takesMessages(steer: (message: TurnMessage) => Promise<boolean>): void;
}

/** How the agent itself ended. What it changed is found out by the host, from the work tree. */
export interface TurnOutcome {
  status: 'completed' | 'failed' | 'interrupted';
  exitCode: number;
  /** Its whole output, redacted. */
  output: StoredFile | undefined;
  stopped: StopReason | undefined;
  /** Why the agent could not do its work, where that is no matter of the work. */
  failure?: { code: WorkerErrorCode; message: string; retryable: boolean } | undefined;
  detail: JsonObject;
}

/** Runs an agent. Accepting a prompt is not finishing it: the promise resolves when the turn has ended. */
export interface AgentDriver {
  readonly name: AgentSpec['driver'];
  /** Of the agent that it drives, where that has one. */
  readonly version?: string;
  runTurn(request: TurnRequest, context: TurnContext): Promise<TurnOutcome>;
  /** Removes what it kept of runs that are no longer among the host's. */
  tidy?(runsDirectory: string, nowMs: number): Promise<void>;
}

/** The request cannot be run on this host as it stands; nothing was executed. */
export class TurnRefusedError extends Error {
  override readonly name = 'TurnRefusedError';
  readonly code: 'invalid_request' | 'unsupported_method';
  constructor(code: TurnRefusedError['code'], message: string) {
    super(message);
    this.code = code;
  }
}
