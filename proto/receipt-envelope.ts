import type { JsonObject } from './canonical.ts';
import { isSha256, type Sha256 } from './sha256.ts';

/** The classes of receipt that exist, each with the prefix of its ids. */
export const RECEIPT_PREFIXES = {
  'openagents.run.receipt.v1': 'rr_',
  'openagents.aegis.verification_receipt.v1': 'vr_',
  'openagents.command.receipt.v1': 'cr_',
} as const;

export type ReceiptSchema = keyof typeof RECEIPT_PREFIXES;

/** What the receipt is about; fields that do not apply are left out. */
export interface ReceiptSubject {
  session_id?: string;
  run_id?: string;
  thread_id?: string;
  trajectory_hash?: Sha256;
  job_hash?: Sha256;
  objective_hash?: Sha256;
  policy_bundle_id?: string;
}

export interface ReceiptReference {
  receipt_id: string;
  canonical_sha256: Sha256;
  relation: string;
}

/** The envelope. `issued_at_ms` is a number: the receipt is canonical JSON of its own, not ProtoJSON. */
export interface Receipt {
  schema: string;
  receipt_id: string;
  issued_at_ms: number;
  issuer: { service: string; kid: string };
  subject: ReceiptSubject;
  idempotency_key: string;
  body: JsonObject;
  refs: ReceiptReference[];
  canonical_sha256: Sha256;
  signature: string;
}

/** Has every field of the envelope, each of its type. */
export function isReceipt(value: unknown): value is Receipt {
  if (!isObject(value)) return false;
  const { issuer, refs } = value;
  return (
    ['schema', 'receipt_id', 'idempotency_key', 'signature'].every(
      (name) => typeof value[name] === 'string',
    ) &&
    Number.isSafeInteger(value['issued_at_ms']) &&
    isObject(issuer) &&
    typeof issuer['service'] === 'string' &&
    typeof issuer['kid'] === 'string' &&
    isObject(value['subject']) &&
    isObject(value['body']) &&
    Array.isArray(refs) &&
    refs.every(isReference) &&
    isSha256(value['canonical_sha256'])
  );
}

function isReference(value: unknown): value is ReceiptReference {
  return (
    isObject(value) &&
    typeof value['receipt_id'] === 'string' &&
    typeof value['relation'] === 'string' &&
    isSha256(value['canonical_sha256'])
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
