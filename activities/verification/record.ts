import { findReceiptByKey, insertReceipt } from '#db/runtime/receipts.ts';
import { sanitizeJson } from '#db/runtime/sanitize.ts';
import { transaction } from '#db/transaction.ts';
import { hashCanonical, type JsonObject, type Sha256 } from '#proto/canonical.ts';
import type { VerificationReceiptBody } from '#proto/gen/types.ts';
import { parseId } from '#proto/ids.ts';
import { issueReceipt } from '#proto/receipt.ts';
import type {
  ReceiptPointer,
  RecordVerificationInput,
  VerificationRecordActivities,
} from '#workflows/verification/ports.ts';
import type { RuntimeActivityDeps } from '../run/deps.ts';
import { asJson } from '../run/events.ts';

export const VERIFICATION_RECEIPT = 'openagents.aegis.verification_receipt.v1';
const PREFIX = 'vr_';
const TIER = 'O';

export function createRecordVerification({
  sql,
  journal,
  signingKey,
  now,
}: RuntimeActivityDeps): VerificationRecordActivities['recordVerification'] {
  return async function recordVerification(input) {
    const { run_id, harness_input, result } = input;
    const { verification_id, attempt } = harness_input;
    const idempotency_key = `verification:${verification_id}`;
    return transaction(sql, async (tx) => {
      const known = await findReceiptByKey(tx, { schema: VERIFICATION_RECEIPT, idempotency_key });
      if (known) return pointerOf(known.receipt_id, known.receipt);
      const issuedAtMs = now();
      const { receipt, canonicalBytes } = await issueReceipt(
        {
          schema: VERIFICATION_RECEIPT,
          idPrefix: PREFIX,
          issuedAtMs,
          service: signingKey.service,
          subject: {
            run_id,
            thread_id: input.thread_id,
            objective_hash: input.objective_hash as Sha256,
            policy_bundle_id: input.policy_bundle_id,
          },
          idempotencyKey: idempotency_key,
          // jsonb holds no NUL; what is signed must be what can be stored.
          body: sanitizeJson(asJson(bodyOf(input))).value as JsonObject,
          refs: [],
        },
        signingKey,
      );
      const verdict = {
        verdict: result.verdict,
        tier: TIER,
        strength: result.strength,
        receipt_id: receipt.receipt_id,
        sandboxed: result.isolation.sandboxed,
      };
      await journal.appendIn(tx, {
        run_id: parseId('run', run_id),
        origin: 'platform',
        events: [
          {
            event_type: 'verification.finished',
            idempotency_key: `verification:${attempt}:finished`,
            payload: { verification_id, ...verdict, unenforced: result.isolation.unenforced },
          },
        ],
        patch: { verdict: { ...verdict, attempt } },
      });
      await insertReceipt(tx, {
        receipt_id: receipt.receipt_id,
        schema: VERIFICATION_RECEIPT,
        run_id,
        idempotency_key,
        canonical: canonicalBytes,
        receipt: asJson(receipt),
        kid: signingKey.kid,
        issued_at_ms: issuedAtMs,
      });
      return pointerOf(receipt.receipt_id, asJson(receipt));
    });
  };
}

function pointerOf(receipt_id: string, receipt: JsonObject): ReceiptPointer {
  return { receipt_id, canonical_sha256: String(receipt['canonical_sha256']) };
}

function bodyOf({ harness_input, result }: RecordVerificationInput): VerificationReceiptBody {
  return {
    verification_id: harness_input.verification_id,
    tier: TIER,
    verdict: result.verdict,
    strength: result.strength,
    reason: result.reason,
    attempt: harness_input.attempt,
    base_commit: harness_input.repo.base_commit,
    base_tree: result.base_tree,
    patch_sha256: harness_input.patch.sha256,
    commands: result.commands,
    isolation: result.isolation,
    protected_paths_touched: result.protected_paths_touched,
    protected_paths_restored: result.protected_paths_restored,
    harness_hash: hashCanonical(asJson(harness_input.harness)),
    toolchain: result.toolchain ?? '',
  };
}
