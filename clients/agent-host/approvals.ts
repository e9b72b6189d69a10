/** Questions of an agent, on their way to whoever decides. The workflow decides; nobody here does. */
import type { JsonObject } from '#proto/canonical.ts';

export type ApprovalKind =
  | 'command_execution'
  | 'file_change'
  | 'permissions'
  | 'tool_input'
  | 'other';

export type ApprovalScope = 'once' | 'run' | 'session';

export interface ApprovalQuestion {
  /** The driver's own name of the question; holds the generation of the agent's process. */
  approvalKey: string;
  kind: ApprovalKind;
  subject: JsonObject;
  /** The agent's own words. */
  reason: string;
  scopes: readonly ApprovalScope[];
  /** What a grant for the run or the session covers. */
  ruleKey: string;
}

export interface ApprovalAnswer {
  decision: 'approve' | 'deny';
  scope: ApprovalScope;
  /** Words of whoever answered, which an agent that asked for input is given. */
  reason: string;
}

/** Asks and waits, for as long as the turn lasts. Rejects when the signal aborts. */
export interface ApprovalDesk {
  ask(question: ApprovalQuestion, signal: AbortSignal): Promise<ApprovalAnswer>;
}
