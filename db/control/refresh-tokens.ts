import type { SessionId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface RefreshTokenRow {
  token_hash: Uint8Array;
  session_id: SessionId;
  generation: number;
  expires_at: Date;
  rotated_at: Date | null;
  successor_hash: Uint8Array | null;
  /** True once the successor was itself rotated. */
  successor_rotated: boolean;
}

export interface RefreshTokenDraft {
  tokenHash: Uint8Array;
  sessionId: SessionId;
  generation: number;
  now: Date;
  expiresAt: Date;
}

export async function insertRefreshToken(tx: Tx, draft: RefreshTokenDraft): Promise<void> {
  await tx`
    insert into control.refresh_tokens (token_hash, session_id, generation, issued_at, expires_at)
    values (${draft.tokenHash}, ${draft.sessionId}, ${draft.generation}, ${draft.now},
      ${draft.expiresAt})`;
}

export async function findRefreshToken(
  sql: Sql | Tx,
  tokenHash: Uint8Array,
): Promise<RefreshTokenRow | null> {
  const [row] = await sql<RefreshTokenRow[]>`
    select t.token_hash, t.session_id, t.generation, t.expires_at, t.rotated_at, t.successor_hash,
      s.rotated_at is not null as successor_rotated
    from control.refresh_tokens t
    left join control.refresh_tokens s on s.token_hash = t.successor_hash
    where t.token_hash = ${tokenHash}`;
  return row ?? null;
}

/** Marks the token as spent for its successor. False where it was spent before: of many at once, one wins. */
export async function rotateRefreshToken(
  tx: Tx,
  rotation: { tokenHash: Uint8Array; successorHash: Uint8Array; now: Date },
): Promise<boolean> {
  const rotated = await tx`
    update control.refresh_tokens
    set rotated_at = ${rotation.now}, successor_hash = ${rotation.successorHash}
    where token_hash = ${rotation.tokenHash} and rotated_at is null`;
  return rotated.count === 1;
}

/** An expired token opens nothing, spent or not, so there is no reuse of it left to detect. */
export async function deleteExpiredTokens(sql: Sql, now: Date): Promise<number> {
  const deleted = await sql`
    delete from control.refresh_tokens where expires_at < ${now}`;
  return deleted.count;
}
