import type { Sql } from '#db/connect.ts';
import { type AuditRow, insertAudit } from '#db/control/audit-log.ts';
import type { Tx } from '#db/transaction.ts';
import type { JsonObject } from '#proto/canonical.ts';
import { newId } from '#proto/ids.ts';
import type { Command } from '../../shared/http/command.ts';

/** Everything that is written down. Adding is allowed, renaming is not. */
export type AuditEvent =
  | 'auth.challenge.requested'
  | 'auth.challenge.failed'
  | 'auth.verify.completed'
  | 'auth.verify.failed'
  | 'auth.refresh.completed'
  | 'auth.refresh.failed'
  | 'auth.logout.completed'
  | 'auth.sessions.listed'
  | 'auth.sessions.revoked'
  | 'auth.sessions.revocation.propagation.completed'
  | 'sync.token.issued'
  | 'sync.token.denied';

/** A command as the audit log knows it: the ids of its receipt. */
export interface CommandIds {
  readonly requestId: string;
  readonly auditId: string;
}

export function commandIds({ context }: Command<unknown>): CommandIds {
  return { requestId: context.request_id, auditId: context.audit_id };
}

/** Who it was about, as far as that is known. */
export interface AuditSubject {
  readonly user_id?: string;
  readonly session_id?: string;
  readonly org_id?: string;
  readonly device_id?: string;
}

export interface AuditEntry {
  readonly event: AuditEvent;
  readonly outcome: AuditRow['outcome'];
  readonly requestId: string;
  /** The id that the caller holds a command receipt under; a new one where nothing was done. */
  readonly auditId?: string;
  readonly subject?: AuditSubject;
  readonly attributes?: JsonObject;
  readonly now: Date;
}

/** Writes one entry: in the transaction of what it is about, or on its own for what was refused. */
export function writeAudit(sql: Sql | Tx, entry: AuditEntry): Promise<void> {
  const { event, outcome, requestId, subject = {}, attributes = {}, now } = entry;
  const { user_id = '', session_id = '', org_id = '', device_id = '' } = subject;
  return insertAudit(sql, {
    audit_id: entry.auditId ?? newId('audit'),
    event_name: event,
    outcome,
    request_id: requestId,
    user_id,
    session_id,
    org_id,
    device_id,
    attributes,
    occurred_at: now,
  });
}
