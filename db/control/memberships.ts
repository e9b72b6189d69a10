import type { OrgId, UserId } from '#proto/ids.ts';
import type { Role } from '#proto/scopes.ts';
import type { Sql } from '../connect.ts';
import type { Tx } from '../transaction.ts';

export interface MembershipRow {
  org_id: OrgId;
  org_slug: string;
  role: Role;
  default_org: boolean;
}

/** The organisation that each person has alone, and owns. */
export async function createPersonalOrg(
  tx: Tx,
  draft: { orgId: OrgId; slug: string; userId: UserId; now: Date },
): Promise<void> {
  const { orgId, slug, userId, now } = draft;
  await tx`
    insert into control.orgs (org_id, slug, name, personal_user_id, created_at, updated_at)
    values (${orgId}, ${slug}, 'Personal', ${userId}, ${now}, ${now})`;
  await tx`
    insert into control.memberships (user_id, org_id, role, default_org, created_at, updated_at)
    values (${userId}, ${orgId}, 'owner', true, ${now}, ${now})`;
}

/** The default organisation first. */
export function listMemberships(sql: Sql | Tx, userId: string): Promise<MembershipRow[]> {
  return sql<MembershipRow[]>`
    select m.org_id, o.slug as org_slug, m.role, m.default_org
    from control.memberships m join control.orgs o using (org_id)
    where m.user_id = ${userId}
    order by m.default_org desc, o.slug`;
}
