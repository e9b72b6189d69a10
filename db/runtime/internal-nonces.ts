import type { Sql } from '../connect.ts';

const SWEEP_ROWS = 1_000;

/** Used internal assertions, shared by every replica: the second use of a nonce is refused. */
export function createNonceStore(sql: Sql) {
  return {
    async claim(jti: string, expiresAt: Date): Promise<boolean> {
      const { count } = await sql`
        insert into runtime.internal_nonces (jti, expires_at) values (${jti}, ${expiresAt})
        on conflict (jti) do nothing`;
      return count === 1;
    },
    /** Forgets nonces whose assertions have expired; returns how many. */
    async sweep(): Promise<number> {
      const { count } = await sql`
        delete from runtime.internal_nonces where ctid in (
          select ctid from runtime.internal_nonces where expires_at <= clock_timestamp() limit ${SWEEP_ROWS})`;
      return count;
    },
  };
}
