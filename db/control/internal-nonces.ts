import type { Sql } from '../connect.ts';

/** True for a nonce that nobody has used yet, on any replica. */
export async function claimNonce(sql: Sql, jti: string, expiresAt: Date): Promise<boolean> {
  const claimed = await sql`
    insert into control.internal_nonces (jti, expires_at) values (${jti}, ${expiresAt})
    on conflict (jti) do nothing`;
  return claimed.count === 1;
}

export async function deleteExpiredNonces(sql: Sql, now: Date): Promise<number> {
  const deleted = await sql`
    delete from control.internal_nonces where expires_at <= ${now}`;
  return deleted.count;
}
