/**
 * Answers kept for the retry of the same request.
 *
 * 1. A key belongs to a principal and a route; the first request under it sets its fingerprint.
 * 2. While its lease runs, one request holds the key. A lease that ran out belonged to a process that died before its
 *    commit: the answer is stored in the mutation's own transaction.
 */
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface IdempotencyKey {
  principal: string;
  route: string;
  key: string;
}

export interface KeptAnswer {
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
}

export type KeyClaim =
  | { state: 'claimed'; seed: string }
  | { state: 'answered'; answer: KeptAnswer }
  | { state: 'other_body' }
  | { state: 'in_progress'; leaseUntil: Date };

export interface ClaimRequest {
  key: IdempotencyKey;
  fingerprint: string;
  /** What ids are made of, should this request be the first; a later one gets the first's. */
  seed: string;
  now: Date;
  leaseUntil: Date;
}

interface KeyRow {
  fingerprint: string;
  state: 'in_progress' | 'completed';
  reserved_id: string;
  status: number;
  headers: Record<string, string>;
  body: Uint8Array;
  lease_until: Date;
}

export async function claimKey(sql: Sql, request: ClaimRequest): Promise<KeyClaim> {
  const { fingerprint, seed, now, leaseUntil } = request;
  const { principal, route, key } = request.key;
  const [claimed] = await sql<{ reserved_id: string }[]>`
    insert into control.idempotency_keys as k
      (principal, route, key, fingerprint, reserved_id, lease_until, created_at)
    values (${principal}, ${route}, ${key}, ${fingerprint}, ${seed}, ${leaseUntil}, ${now})
    on conflict (principal, route, key) do update set
      fingerprint = excluded.fingerprint,
      state = 'in_progress', status = null, headers = null, body = null, expires_at = null,
      reserved_id = case when k.state = 'completed' then excluded.reserved_id else k.reserved_id end,
      lease_until = excluded.lease_until
    where k.expires_at <= ${now}
      or (k.state = 'in_progress' and k.lease_until <= ${now} and k.fingerprint = ${fingerprint})
    returning reserved_id`;
  if (claimed) return { state: 'claimed', seed: claimed.reserved_id };
  const [held] = await sql<KeyRow[]>`
    select fingerprint, state, reserved_id, status, headers, body, lease_until
    from control.idempotency_keys
    where principal = ${principal} and route = ${route} and key = ${key}`;
  // Released between the two statements: the key is free again.
  if (!held) return claimKey(sql, request);
  if (held.fingerprint !== fingerprint) return { state: 'other_body' };
  if (held.state === 'in_progress') return { state: 'in_progress', leaseUntil: held.lease_until };
  const { status, headers, body } = held;
  return { state: 'answered', answer: { status, headers, body } };
}

/** Frees a key whose request changed nothing. */
export async function releaseKey(
  sql: Sql,
  { principal, route, key }: IdempotencyKey,
): Promise<void> {
  await sql`
    delete from control.idempotency_keys
    where principal = ${principal} and route = ${route} and key = ${key} and state = 'in_progress'`;
}

export async function keepAnswer(
  sql: Sql | Tx,
  { principal, route, key }: IdempotencyKey,
  { answer, expiresAt }: { answer: KeptAnswer; expiresAt: Date },
): Promise<void> {
  await sql`
    update control.idempotency_keys
    set state = 'completed', status = ${answer.status}, headers = ${sql.json(answer.headers)},
      body = ${answer.body}, expires_at = ${expiresAt}
    where principal = ${principal} and route = ${route} and key = ${key}`;
}

export async function deleteExpiredKeys(sql: Sql, now: Date): Promise<number> {
  const deleted = await sql`
    delete from control.idempotency_keys where expires_at <= ${now}`;
  return deleted.count;
}
