import type { Sql } from '#db/connect.ts';
import type { SessionRow } from '#db/control/sessions.ts';
import type { AuditSubject } from '../guards/audit.ts';
import type { Secrets } from '../secrets.ts';
import type { KeyRing } from '../tokens/key-ring.ts';
import type { SessionPolicy } from './session-policy.ts';

/** What opening, renewing and ending sessions need. */
export interface SessionDeps {
  readonly sql: Sql;
  readonly secrets: Secrets;
  readonly keys: KeyRing;
  readonly policy: SessionPolicy;
  readonly now: () => Date;
}

export function auditSubject(session: SessionRow): AuditSubject {
  const { user_id, session_id, active_org_id, device_id } = session;
  return { user_id, session_id, org_id: active_org_id, device_id };
}
