import type { Sql } from '#db/connect.ts';
import { listRevocations, type RevocationRow } from '#db/runtime/revocation-read.ts';
import type { Person } from '../../shared/http/caller.ts';

/** A revoked session may still act for this long; each replica asks the table that often at most. */
const STALE_AFTER_MS = 1_000;

/** Ids are given before their commit, so a later one may be seen first: what is this recent is read again. */
const REREAD_IDS = 100n;

/**
 * Whether the session behind a caller was revoked after its token was issued. Reads the table lazily: without requests
 * there are no queries, and while it cannot be read nobody is let in.
 */
export function createRevocationList(sql: Sql, now: () => number) {
  const inForce = new Map<bigint, RevocationRow>();
  let newest = 0n;
  let readAtMs = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    // Monotonic: a clock that goes back an hour must not keep an old list for an hour.
    const startedMs = performance.now();
    const endedBeforeMs = now();
    const from = newest > REREAD_IDS ? newest - REREAD_IDS : 0n;
    for (const row of await listRevocations(sql, from)) {
      inForce.set(row.revocation_id, row);
      if (row.revocation_id > newest) newest = row.revocation_id;
    }
    for (const [id, row] of inForce)
      if (row.expires_at.getTime() <= endedBeforeMs) inForce.delete(id);
    readAtMs = startedMs;
  }

  return async function isRevoked(person: Person): Promise<boolean> {
    if (performance.now() - readAtMs >= STALE_AFTER_MS) {
      reading ??= read().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return [...inForce.values()].some((row) => concerns(row, person));
  };
}

function concerns(row: RevocationRow, person: Person): boolean {
  if (person.issued_at_ms > row.not_before.getTime()) return false;
  if (row.jti !== null) return row.jti === person.token_id;
  if (row.session_id !== null) return row.session_id === person.session_id;
  if (row.device_id !== null) return row.device_id === person.device_id;
  return row.user_id === person.user_id && (row.org_id === null || row.org_id === person.org_id);
}
