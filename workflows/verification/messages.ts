import type { HarnessInput, ReceiptPointer, VerdictKind, VerdictStrength } from './ports.ts';

export const VERIFICATION_WORKFLOW_TYPE = 'verification';

export function verificationWorkflowId(verificationId: string): string {
  return `verification/${verificationId}`;
}

export interface VerificationInput {
  run_id: string;
  thread_id: string;
  objective_hash: string;
  policy_bundle_id: string;
  harness_input: HarnessInput;
}

/** What the run decides with; the whole evidence is in the receipt. */
export interface VerificationOutcome {
  verification_id: string;
  verdict: VerdictKind;
  strength: VerdictStrength;
  reason: string;
  feedback: string;
  sandboxed: boolean;
  protected_paths_touched: string[];
  receipt: ReceiptPointer;
}
