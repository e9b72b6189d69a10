/** What a verification needs done: the harness in the `verifier` process, the record in the `worker` process. */
import type { ArtifactRef, CommandResult, HarnessSpec, Isolation } from '#proto/gen/types.ts';

export type VerdictKind = 'accepted' | 'rejected' | 'flaky';
export type VerdictStrength = '' | 'fail_to_pass' | 'pass_to_pass';

export interface HarnessInput {
  run_id: string;
  verification_id: string;
  /** From 1; each turn that brings a patch is one attempt. */
  attempt: number;
  repo: {
    /** A git bundle of the base commit, where the repository is a path on the worker's machine. */
    bundle: ArtifactRef | null;
    url: string | null;
    base_commit: string;
    base_tree: string;
  };
  patch: ArtifactRef;
  harness: HarnessSpec;
  limits: { wall_s_max: number; output_bytes_max: number };
}

export interface HarnessResult {
  verdict: VerdictKind;
  strength: VerdictStrength;
  /** One sentence for people. */
  reason: string;
  commands: CommandResult[];
  isolation: Isolation;
  base_tree: string;
  protected_paths_touched: string[];
  protected_paths_restored: string[];
  output_refs: ArtifactRef[];
  /** The tail of the failing output, at most 8 KiB: what the next turn is told. */
  feedback: string;
  toolchain?: string;
}

/** Runs on queue `verification`, where no database role exists. */
export interface HarnessActivities {
  runHarness(input: HarnessInput): Promise<HarnessResult>;
}

export interface RecordVerificationInput {
  run_id: string;
  thread_id: string;
  objective_hash: string;
  policy_bundle_id: string;
  harness_input: HarnessInput;
  result: HarnessResult;
}

export interface ReceiptPointer {
  receipt_id: string;
  canonical_sha256: string;
}

export interface VerificationRecordActivities {
  /** Signs and stores the verification receipt and appends `verification.finished`, in one transaction. */
  recordVerification(input: RecordVerificationInput): Promise<ReceiptPointer>;
}
