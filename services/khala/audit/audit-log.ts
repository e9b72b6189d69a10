/**
 * Who was let in, who was not, and why, in `khala.audit`.
 *
 * 1. A denial or an authentication failure is never dropped: it waits until it is stored, and a node with too many
 *    waiting admits nobody (`full`).
 * 2. Allows may be counted together: beyond a bound, those of one principal become one row with their number.
 */
import type { Sql } from '#db/connect.ts';
import {
  AUDIT_BATCH_ROWS,
  AUDIT_DELAY_MS,
  AUDIT_PENDING_ROWS_MAX,
  AUDIT_SEPARATE_ROWS_MAX,
  READ_RETRY_MS,
} from '../limits.ts';

export interface AuditEntry {
  connectionId: string;
  decision: 'allow' | 'deny' | 'auth_failure';
  reason: string;
  userId?: string | undefined;
  sessionId?: string | undefined;
  deviceId?: string | undefined;
  topic?: string | undefined;
}

type Pending = AuditEntry & { occurrences: number };

export interface AuditLog {
  record(entry: AuditEntry): void;
  /** Denials wait in numbers that no healthy node has. */
  readonly full: boolean;
  /** Stores what waits, as far as the database allows. */
  close(): Promise<void>;
}

export function createAuditLog(deps: {
  sql: Sql;
  nodeId: string;
  onFault(error: unknown): void;
}): AuditLog {
  const { sql, nodeId, onFault } = deps;
  const pending: Pending[] = [];
  const counted = new Map<string, Pending>();
  let timer: NodeJS.Timeout | undefined;
  let storing: Promise<boolean> | undefined;

  function schedule(delayMs: number): void {
    timer ??= setTimeout(() => {
      timer = undefined;
      storing ??= store().finally(() => {
        storing = undefined;
        if (pending.length > 0) schedule(AUDIT_DELAY_MS);
      });
    }, delayMs);
  }

  async function store(): Promise<boolean> {
    while (pending.length > 0) {
      const batch = pending.slice(0, AUDIT_BATCH_ROWS);
      for (const row of batch) counted.delete(countKey(row));
      try {
        await sql`insert into khala.audit ${sql(batch.map((row) => columnsOf(row, nodeId)))}`;
        pending.splice(0, batch.length);
      } catch (error) {
        onFault(error);
        await new Promise((resolve) => setTimeout(resolve, READ_RETRY_MS));
        return false;
      }
    }
    return true;
  }

  return {
    record(entry) {
      if (entry.decision === 'allow' && pending.length >= AUDIT_SEPARATE_ROWS_MAX) {
        const known = counted.get(countKey(entry));
        if (known) {
          known.occurrences += 1;
          return;
        }
      }
      const row = { ...entry, occurrences: 1 };
      if (entry.decision === 'allow') counted.set(countKey(entry), row);
      pending.push(row);
      schedule(pending.length >= AUDIT_BATCH_ROWS ? 0 : AUDIT_DELAY_MS);
    },
    get full() {
      return pending.length >= AUDIT_PENDING_ROWS_MAX;
    },
    async close() {
      clearTimeout(timer);
      timer = undefined;
      await storing;
      await store();
      clearTimeout(timer);
    },
  };
}

function countKey({ userId, sessionId, reason }: AuditEntry): string {
  return `${userId} ${sessionId} ${reason}`;
}

function columnsOf(row: Pending, nodeId: string) {
  return {
    node_id: nodeId,
    connection_id: row.connectionId,
    decision: row.decision,
    reason: row.reason,
    user_id: row.userId ?? null,
    session_id: row.sessionId ?? null,
    device_id: row.deviceId ?? null,
    topic: row.topic ?? null,
    occurrences: row.occurrences,
  };
}
