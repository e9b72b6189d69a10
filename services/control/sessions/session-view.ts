import type { MembershipRow } from '#db/control/memberships.ts';
import type { SessionRow } from '#db/control/sessions.ts';
import type { UserRow } from '#db/control/users.ts';
import type { AuthSession, OrgMembership, SessionStatus, User } from '#proto/gen/types.ts';
import { ROLE_SCOPES, type Scope } from '#proto/scopes.ts';
import { formatTime } from '#proto/time.ts';

/** A session as its owner sees it. */
export function sessionView(
  session: SessionRow,
  memberships: readonly MembershipRow[],
  now: Date,
): AuthSession {
  return {
    session_id: session.session_id,
    user_id: session.user_id,
    device_id: session.device_id,
    status: statusOf(session, now),
    issued_at: time(session.issued_at),
    access_expires_at: time(session.access_expires_at),
    refresh_expires_at: time(session.refresh_expires_at),
    active_org_id: session.active_org_id,
    memberships: memberships.map(membershipView),
    ...(session.last_refreshed_at && { last_refreshed_at: time(session.last_refreshed_at) }),
    ...(session.revoked_at && { revoked_at: time(session.revoked_at) }),
    revoked_reason: session.revoked_reason ?? '',
  };
}

export function userView({ user_id, email, name }: UserRow): User {
  return { user_id, email, name };
}

export function membershipView(membership: MembershipRow): OrgMembership {
  const { org_id, org_slug, role, default_org } = membership;
  return { org_id, org_slug, role, role_scopes: [...ROLE_SCOPES[role]], default_org };
}

/** What a session may do: the scopes of the person's role in its active organisation. */
export function scopesIn(orgId: string, memberships: readonly MembershipRow[]): readonly Scope[] {
  const membership = memberships.find(({ org_id }) => org_id === orgId);
  return membership ? ROLE_SCOPES[membership.role] : [];
}

function statusOf(session: SessionRow, now: Date): SessionStatus {
  if (session.status === 'active' && session.refresh_expires_at <= now) return 'expired';
  return session.status;
}

function time(at: Date): string {
  return formatTime(at.getTime());
}
