import type { Queryable } from '../transaction.ts';

export interface RevocationRow {
  revocation_id: bigint;
  jti: string | null;
  session_id: string | null;
  device_id: string | null;
  user_id: string | null;
  org_id: string | null;
  not_before: Date;
  expires_at: Date;
}

/** Revocations in force that came after `afterId`, oldest first. */
export async function listRevocations(sql: Queryable, afterId: bigint): Promise<RevocationRow[]> {
  return await sql<RevocationRow[]>`
    select revocation_id, jti, session_id, device_id, user_id, org_id, not_before, expires_at
    from runtime.sync_revocations
    where revocation_id > ${afterId} and expires_at > clock_timestamp() order by revocation_id`;
}
