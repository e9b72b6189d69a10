/**
 * Signed receipts with the exact bytes that were signed, the keys that signed them and the policies they name.
 *
 * 1. A class of receipt has one receipt per idempotency key; a repeated step finds the one it wrote.
 * 2. What is stored is never changed; a public key stays published after its retirement, or old receipts would lose their proof.
 */
import type { JSONWebKeySet, JWK } from 'jose';
import type { JsonObject } from '#proto/canonical.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';
import { storedJson } from './stored-json.ts';

export interface NewReceipt {
  receipt_id: string;
  schema: string;
  run_id: string;
  idempotency_key: string;
  /** The envelope without id, hash and signature, as signed. */
  canonical: Uint8Array;
  receipt: JsonObject;
  kid: string;
  issued_at_ms: number;
}

export interface StoredReceipt {
  receipt_id: string;
  schema: string;
  run_id: string;
  canonical: Buffer;
  receipt: JsonObject;
  kid: string;
  issued_at: Date;
}

/** @throws a unique violation where the key has a receipt: look first (invariant 1). */
export async function insertReceipt(tx: Tx, draft: NewReceipt): Promise<void> {
  const { receipt_id, schema, run_id, idempotency_key, canonical, receipt, kid } = draft;
  await tx`
    insert into runtime.receipts
      (receipt_id, schema, run_id, idempotency_key, canonical, receipt, kid, issued_at)
    values (${receipt_id}, ${schema}, ${run_id}, ${idempotency_key}, ${canonical},
      ${storedJson(tx, receipt)}, ${kid}, ${new Date(draft.issued_at_ms)})`;
}

export async function findReceiptByKey(
  sql: Sql | Tx,
  key: { schema: string; idempotency_key: string },
): Promise<StoredReceipt | undefined> {
  const [row] = await sql<StoredReceipt[]>`
    select receipt_id, schema, run_id, canonical, receipt, kid, issued_at from runtime.receipts
    where schema = ${key.schema} and idempotency_key = ${key.idempotency_key}`;
  return row;
}

/** The receipts of a run of one schema, oldest first. */
export async function listRunReceipts(
  sql: Sql | Tx,
  key: { run_id: string; schema: string },
): Promise<StoredReceipt[]> {
  return await sql<StoredReceipt[]>`
    select receipt_id, schema, run_id, canonical, receipt, kid, issued_at from runtime.receipts
    where run_id = ${key.run_id} and schema = ${key.schema} order by issued_at, receipt_id`;
}

/** Stores the rules that a `policy_bundle_id` names; the id is their hash, so the first copy is the only one. */
export async function storePolicyBundle(
  tx: Tx,
  bundle: { policy_bundle_id: string; document: Uint8Array },
): Promise<void> {
  await tx`
    insert into runtime.policy_bundles (policy_bundle_id, document)
    values (${bundle.policy_bundle_id}, ${bundle.document}) on conflict do nothing`;
}

/** The rules by their hash, as they were stored. */
export async function findPolicyBundle(
  sql: Sql | Tx,
  policyBundleId: string,
): Promise<Buffer | undefined> {
  const [row] = await sql<{ document: Buffer }[]>`
    select document from runtime.policy_bundles where policy_bundle_id = ${policyBundleId}`;
  return row?.document;
}

export interface PublishedKey {
  kid: string;
  service: string;
  public_jwk: JWK;
}

/**
 * Publishes the keys a process signs with, the first being current, and marks its other keys retired from now on.
 * Retired keys stay in {@link listSigningKeys}.
 */
export async function publishSigningKeys(
  tx: Tx,
  service: string,
  keys: readonly PublishedKey[],
): Promise<void> {
  for (const { kid, public_jwk } of keys) {
    await tx`
      insert into runtime.signing_keys (kid, service, public_jwk)
      values (${kid}, ${service}, ${tx.json(JSON.parse(JSON.stringify(public_jwk)))})
      on conflict (kid) do update set retired_at = null where signing_keys.retired_at is not null`;
  }
  const kids = keys.map(({ kid }) => kid);
  await tx`
    update runtime.signing_keys set retired_at = clock_timestamp()
    where service = ${service} and retired_at is null and not (kid = any (${kids}))`;
}

/** Every key that ever signed, as a key set. */
export async function listSigningKeys(sql: Sql | Tx): Promise<JSONWebKeySet> {
  const rows = await sql<{ kid: string; public_jwk: JWK }[]>`
    select kid, public_jwk from runtime.signing_keys order by not_before, kid`;
  return { keys: rows.map(({ kid, public_jwk }) => ({ ...public_jwk, kid })) };
}
