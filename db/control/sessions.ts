import type { SessionRevocationReason } from '#proto/gen/types.ts';
import type { DeviceId, OrgId, SessionId, UserId } from '#proto/ids.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface SessionRow {
  session_id: SessionId;
  user_id: UserId;
  device_id: DeviceId;
  active_org_id: OrgId;
  status: 'active' | 'revoked';
  issued_at: Date;
  access_expires_at: Date;
  refresh_expires_at: Date;
  last_refreshed_at: Date | null;
  revoked_at: Date | null;
  revoked_reason: RevocationReason | null;
}

export type RevocationReason = Exclude<SessionRevocationReason, ''>;

const COLUMNS = [
  'session_id',
  'user_id',
  'device_id',
  'active_org_id',
  'status',
  'issued_at',
  'access_expires_at',
  'refresh_expires_at',
  'last_refreshed_at',
  'revoked_at',
  'revoked_reason',
];

export type SessionDraft = Pick<
  SessionRow,
  | 'session_id'
  | 'user_id'
  | 'device_id'
  | 'active_org_id'
  | 'issued_at'
  | 'access_expires_at'
  | 'refresh_expires_at'
>;

export async function insertSession(tx: Tx, draft: SessionDraft): Promise<SessionRow> {
  const [session] = await tx<SessionRow[]>`
    insert into control.sessions ${tx(draft)} returning ${tx(COLUMNS)}`;
  if (!session) throw new Error('an insert returned no row');
  return session;
}

export async function findSession(sql: Sql | Tx, sessionId: string): Promise<SessionRow | null> {
  const [session] = await sql<SessionRow[]>`
    select ${sql(COLUMNS)} from control.sessions where session_id = ${sessionId}`;
  return session ?? null;
}

/** A person sees this many sessions; older ones are history, which the audit log keeps. */
export const SESSIONS_LISTED_MAX = 100;

/** Newest first. */
export function listSessions(
  sql: Sql,
  filter: { userId: string; deviceId?: string | undefined },
): Promise<SessionRow[]> {
  const { userId, deviceId } = filter;
  return sql<SessionRow[]>`
    select ${sql(COLUMNS)} from control.sessions
    where user_id = ${userId} ${deviceId === undefined ? sql`` : sql`and device_id = ${deviceId}`}
    order by issued_at desc, session_id desc
    limit ${SESSIONS_LISTED_MAX}`;
}

/** Null where the session was revoked meanwhile: whoever rotates must not go on. */
export async function renewSession(
  tx: Tx,
  renewal: { sessionId: SessionId; now: Date; accessExpiresAt: Date; refreshExpiresAt: Date },
): Promise<SessionRow | null> {
  const [session] = await tx<SessionRow[]>`
    update control.sessions set last_refreshed_at = ${renewal.now},
      access_expires_at = ${renewal.accessExpiresAt},
      refresh_expires_at = ${renewal.refreshExpiresAt}
    where session_id = ${renewal.sessionId} and status = 'active'
    returning ${tx(COLUMNS)}`;
  return session ?? null;
}

/** Which of a person's active sessions to end: all that match everything given. */
export interface RevocationTarget {
  readonly sessionId?: string;
  readonly deviceId?: string;
  readonly exceptSessionId?: string;
}

/** Returns the sessions that this call ended; those already revoked stay as they were. */
export async function revokeSessions(
  tx: Tx,
  order: { userId: string; target: RevocationTarget; reason: RevocationReason; now: Date },
): Promise<SessionId[]> {
  const { userId, target, reason, now } = order;
  const { sessionId = null, deviceId = null, exceptSessionId = null } = target;
  const rows = await tx<{ session_id: SessionId }[]>`
    update control.sessions
    set status = 'revoked', revoked_at = ${now}, revoked_reason = ${reason}
    where user_id = ${userId} and status = 'active'
      and (${sessionId}::text is null or session_id = ${sessionId})
      and (${deviceId}::text is null or device_id = ${deviceId})
      and session_id is distinct from ${exceptSessionId}
    returning session_id`;
  return rows.map((row) => row.session_id);
}
