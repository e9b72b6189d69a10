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
export async function insertCommandReceipt(
  sql: Queryable,
  receipt: StoredCommandReceipt,
): Promise<void> {
  const { audit_id, request_id, principal, route, fingerprint, positions } = receipt;
  await sql`
    insert into runtime.command_receipts (audit_id, request_id, principal, route, fingerprint, positions)
    values (${audit_id}, ${request_id}, ${principal}, ${route}, ${fingerprint},
      ${sql.json(positions.map(({ topic, seq }) => ({ topic, seq })))})
    on conflict (audit_id) do nothing`;
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
