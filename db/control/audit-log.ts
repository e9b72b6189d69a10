import type { JsonObject } from '#proto/canonical.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

/** One thing that was done or refused. Append-only; never a secret, never a token. */
export interface AuditRow {
  audit_id: string;
  event_name: string;
  outcome: 'ok' | 'denied' | 'failed';
  request_id: string;
  user_id: string;
  session_id: string;
  org_id: string;
  device_id: string;
  attributes: JsonObject;
  occurred_at: Date;
}

export async function insertAudit(sql: Sql | Tx, row: AuditRow): Promise<void> {
  await sql`
    insert into control.audit_log ${sql({ ...row, attributes: sql.json(row.attributes) })}`;
}
