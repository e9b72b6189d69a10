import type { TopicPosition } from '#proto/gen/types.ts';
import type { Queryable } from '../transaction.ts';

export interface StoredCommandReceipt {
  audit_id: string;
  request_id: string;
  principal: string;
  /** The audit name of the route. */
  route: string;
  fingerprint: string;
  positions: readonly TopicPosition[];
}

/** Stores a receipt in its mutation's transaction; a repeated step leaves the first one. */
export function insertCommandReceipt(sql: Queryable, receipt: StoredCommandReceipt): Promise<void> {
  return insertCommandReceipts(sql, [receipt]);
}

/** The receipts of commands that share a transaction. */
export async function insertCommandReceipts(
  sql: Queryable,
  receipts: readonly StoredCommandReceipt[],
): Promise<void> {
  const column = (of: (receipt: StoredCommandReceipt) => string) => receipts.map(of);
  await sql`
    insert into runtime.command_receipts (audit_id, request_id, principal, route, fingerprint, positions)
    select r.audit_id, r.request_id, r.principal, r.route, r.fingerprint, r.positions::jsonb
    from unnest(${column(({ audit_id }) => audit_id)}::text[], ${column(({ request_id }) => request_id)}::text[],
      ${column(({ principal }) => principal)}::text[], ${column(({ route }) => route)}::text[],
      ${column(({ fingerprint }) => fingerprint)}::text[], ${column(positionsText)}::text[])
      r (audit_id, request_id, principal, route, fingerprint, positions)
    on conflict (audit_id) do nothing`;
}

function positionsText({ positions }: StoredCommandReceipt): string {
  return JSON.stringify(positions.map(({ topic, seq }) => ({ topic, seq })));
}

/** The receipt of a command, as its principal may read it. */
export async function findCommandReceipt(
  sql: Queryable,
  key: { audit_id: string; principal: string },
): Promise<(StoredCommandReceipt & { created_at: Date }) | undefined> {
  const [row] = await sql<(StoredCommandReceipt & { created_at: Date })[]>`
    select audit_id, request_id, principal, route, fingerprint, positions, created_at
    from runtime.command_receipts
    where audit_id = ${key.audit_id} and principal = ${key.principal}`;
  return row;
}
