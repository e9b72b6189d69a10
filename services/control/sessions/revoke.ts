import { insertSessionRevocation } from '#db/control/session-revocations.ts';
import {
  type RevocationReason,
  type RevocationTarget,
  revokeSessions,
} from '#db/control/sessions.ts';
import type { Tx } from '#db/transaction.ts';
import type { SessionId } from '#proto/ids.ts';
import { writeAudit } from '../guards/audit.ts';

export interface EndSessionsOrder {
  readonly userId: string;
  readonly target: RevocationTarget;
  readonly reason: RevocationReason;
  readonly requestId: string;
  /** Where ending them is itself the command. */
  readonly auditId?: string;
  readonly now: Date;
}

/**
 * Ends sessions, notes that the runtime must be told, and writes both down; in the caller's transaction. Returns the
 * sessions that were active until now.
 */
export async function endSessions(tx: Tx, order: EndSessionsOrder): Promise<SessionId[]> {
  const { userId, reason, requestId, auditId, now } = order;
  const ended = await revokeSessions(tx, order);
  if (ended.length > 0) await insertSessionRevocation(tx, { sessionIds: ended, reason, now });
  else if (!auditId) return ended;
  await writeAudit(tx, {
    event: 'auth.sessions.revoked',
    outcome: 'ok',
    requestId,
    ...(auditId && { auditId }),
    subject: { user_id: userId },
    attributes: { session_ids: ended, reason },
    now,
  });
  return ended;
}
