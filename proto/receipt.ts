/**
 * Receipts: one envelope for every class, checked by anyone who has the public keys.
 *
 * 1. What is hashed and signed is the canonical JSON of the envelope without `receipt_id`, `canonical_sha256` and
 *    `signature`; times are unix ms as numbers, amounts decimal strings.
 * 2. `receipt_id` is the class prefix and the first 24 hex digits of that hash.
 * 3. `signature` is a compact JWS (EdDSA) whose payload, those canonical bytes, is detached (RFC 7515, appendix F).
 * 4. A receipt can be rebuilt from its canonical bytes and its signature alone.
 */
import {
  base64url,
  type CryptoKey,
  FlattenedSign,
  flattenedVerify,
  importJWK,
  type JSONWebKeySet,
  type KeyObject,
} from 'jose';
import {
  CanonicalError,
  canonicalBytes,
  canonicalJson,
  type JsonObject,
  type JsonValue,
  sha256Of,
} from './canonical.ts';
import { contentId } from './ids.ts';
import {
  isReceipt,
  RECEIPT_PREFIXES,
  type Receipt,
  type ReceiptReference,
  type ReceiptSchema,
  type ReceiptSubject,
} from './receipt-envelope.ts';
import type { Sha256 } from './sha256.ts';

export * from './receipt-envelope.ts';

export interface SigningKey {
  kid: string;
  /** Name of the service that holds the key. */
  service: string;
  privateKey: CryptoKey | KeyObject;
}

export interface ReceiptDraft {
  schema: string;
  idPrefix: string;
  issuedAtMs: number;
  service: string;
  subject: ReceiptSubject;
  idempotencyKey: string;
  body: JsonObject;
  refs: readonly ReceiptReference[];
}

export type ReceiptFault =
  | 'malformed'
  | 'hash_mismatch'
  | 'id_mismatch'
  | 'unknown_key'
  | 'bad_signature'
  | 'reference_mismatch';

export type ReceiptCheck =
  | { ok: true; receipt: Receipt; canonicalBytes: Uint8Array; unresolvedRefs: string[] }
  | { ok: false; fault: ReceiptFault; reason: string };

const JWS_TYPE = 'openagents-receipt+jws';
const ALGORITHM = 'EdDSA';

/** Issues and signs a receipt. Throws CanonicalError where the draft has no canonical form. */
export async function issueReceipt(
  draft: ReceiptDraft,
  key: SigningKey,
): Promise<{ receipt: Receipt; canonicalBytes: Uint8Array }> {
  if (draft.service !== key.service) {
    throw new Error(`${draft.service} cannot sign with a key of ${key.service}`);
  }
  const bytes = canonicalBytes({
    schema: draft.schema,
    issued_at_ms: draft.issuedAtMs,
    issuer: { service: draft.service, kid: key.kid },
    subject: applying(draft.subject),
    idempotency_key: draft.idempotencyKey,
    body: draft.body,
    refs: draft.refs.map((reference) => ({ ...reference })),
  });
  const signed = await new FlattenedSign(bytes)
    .setProtectedHeader({ alg: ALGORITHM, kid: key.kid, typ: JWS_TYPE })
    .sign(key.privateKey);
  const signature = `${signed.protected}..${signed.signature}`;
  return {
    receipt: rebuildReceipt(bytes, signature, draft.idPrefix),
    canonicalBytes: bytes,
  };
}

function applying(subject: ReceiptSubject): JsonObject {
  const entries = Object.entries(subject).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries);
}

/** Invariant 4. The prefix is known from the schema, for the classes that exist. */
export function rebuildReceipt(bytes: Uint8Array, signature: string, idPrefix?: string): Receipt {
  const hashed = JSON.parse(new TextDecoder().decode(bytes)) as HashedEnvelope;
  const hash = sha256Of(bytes);
  const prefix = idPrefix ?? prefixOf(hashed.schema);
  if (prefix === undefined) throw new Error(`no id prefix is known for ${hashed.schema}`);
  return {
    ...hashed,
    receipt_id: contentId(prefix, hash),
    canonical_sha256: hash,
    signature,
  };
}

type HashedEnvelope = Omit<Receipt, 'receipt_id' | 'canonical_sha256' | 'signature'>;

function prefixOf(schema: string): string | undefined {
  return Object.hasOwn(RECEIPT_PREFIXES, schema)
    ? RECEIPT_PREFIXES[schema as ReceiptSchema]
    : undefined;
}

/** The text of a receipt file: its canonical JSON on one line, so that shell tools can check it. */
export function receiptText(receipt: Receipt): string {
  return `${canonicalJson(receipt as unknown as JsonValue)}\n`;
}

/**
 * Checks a receipt offline: shape, hash, id, key, signature, and those of its references that `others` holds.
 * References to receipts that are not at hand are named in `unresolvedRefs`.
 */
export async function verifyReceipt(
  receipt: unknown,
  jwks: JSONWebKeySet,
  others: readonly Receipt[] = [],
): Promise<ReceiptCheck> {
  if (!isReceipt(receipt)) return refuse('malformed', 'it lacks fields of the envelope');
  const bytes = hashedBytes(receipt);
  if (typeof bytes === 'string') return refuse('malformed', bytes);
  const hash = sha256Of(bytes);
  if (hash !== receipt.canonical_sha256) {
    return refuse('hash_mismatch', `its content hashes to ${hash}`);
  }
  const idFault = checkId(receipt, hash);
  if (idFault !== null) return refuse('id_mismatch', idFault);
  const signatureFault = await checkSignature(receipt, bytes, jwks);
  if (signatureFault !== null) return signatureFault;
  const unresolvedRefs: string[] = [];
  for (const reference of receipt.refs) {
    const other = others.find((each) => each.receipt_id === reference.receipt_id);
    if (other === undefined) unresolvedRefs.push(reference.receipt_id);
    else if (other.canonical_sha256 !== reference.canonical_sha256) {
      return refuse('reference_mismatch', `${reference.receipt_id} has another content`);
    }
  }
  return { ok: true, receipt, canonicalBytes: bytes, unresolvedRefs };
}

function hashedBytes(receipt: Receipt): Uint8Array | string {
  const { receipt_id: _id, canonical_sha256: _hash, signature: _signature, ...hashed } = receipt;
  try {
    return canonicalBytes(hashed as unknown as JsonValue);
  } catch (error) {
    if (error instanceof CanonicalError) return error.message;
    throw error;
  }
}

const RECEIPT_ID = /^([a-z]+_)[0-9a-f]{24}$/;

function checkId(receipt: Receipt, hash: Sha256): string | null {
  const prefix = RECEIPT_ID.exec(receipt.receipt_id)?.[1];
  if (prefix === undefined) return 'its id is not a prefix and 24 hex digits';
  const expected = contentId(prefixOf(receipt.schema) ?? prefix, hash);
  return receipt.receipt_id === expected ? null : `its id should be ${expected}`;
}

async function checkSignature(
  receipt: Receipt,
  bytes: Uint8Array,
  jwks: JSONWebKeySet,
): Promise<Extract<ReceiptCheck, { ok: false }> | null> {
  const { kid } = receipt.issuer;
  const jwk = jwks.keys.find((key) => key.kid === kid && key.kty === 'OKP');
  if (jwk === undefined) return refuse('unknown_key', `no key ${kid} among those at hand`);
  const [header, payload, signature, ...rest] = receipt.signature.split('.');
  if (header === undefined || signature === undefined || payload !== '' || rest.length > 0) {
    return refuse('bad_signature', 'it is not a compact JWS with detached payload');
  }
  try {
    const { protectedHeader } = await flattenedVerify(
      { protected: header, payload: base64url.encode(bytes), signature },
      await importJWK(jwk, ALGORITHM),
      { algorithms: [ALGORITHM] },
    );
    if (protectedHeader?.kid === kid) return null;
    return refuse('bad_signature', 'its header names another key than its issuer');
  } catch {
    return refuse('bad_signature', `it does not verify with key ${kid}`);
  }
}

function refuse(fault: ReceiptFault, reason: string): Extract<ReceiptCheck, { ok: false }> {
  return { ok: false, fault, reason };
}
