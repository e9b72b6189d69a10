/**
 * Who must be heard no more.
 *
 * 1. A revocation is a row, and a row of the topic that every Khala node follows, in one transaction.
 * 2. It holds for what was issued before it, and is kept until nothing of that can still be alive.
 */
import { topics } from '#proto/topics.ts';
import type { Tx } from '../transaction.ts';
import type { Journal } from './journal.ts';

/** The longest-lived token is an access token of an hour; the rest is for clocks and for late readers. */
const REVOCATION_LIFE_MS = 2 * 3_600_000;

export type RevocationTarget =
  | { jti: string }
  | { session_id: string }
  | { device_id: string }
  | { user_id: string; org_id?: string };

/** Revokes each target from now on; returns how many. */
export async function insertRevocations(
  tx: Tx,
  journal: Pick<Journal, 'publishIn'>,
  targets: readonly RevocationTarget[],
  reason: string,
  nowMs: number,
): Promise<number> {
  const notBefore = new Date(nowMs);
  const expiresAt = new Date(nowMs + REVOCATION_LIFE_MS);
  const column = (name: string) => targets.map((target) => named(target)[name] ?? null);
  await tx`
    insert into runtime.sync_revocations (jti, session_id, device_id, user_id, org_id, reason, not_before, expires_at)
    select jti, session_id, device_id, user_id, org_id, ${reason}, ${notBefore}, ${expiresAt}
    from unnest(${column('jti')}::text[], ${column('session_id')}::text[], ${column('device_id')}::text[],
      ${column('user_id')}::text[], ${column('org_id')}::text[]) as t (jti, session_id, device_id, user_id, org_id)`;
  await journal.publishIn(
    tx,
    targets.map((target) => ({
      topic: topics.systemRevocations,
      class: 'system' as const,
      owner: {},
      kind: 'session.revoked',
      payload: {
        ...named(target),
        reason,
        not_before_ms: nowMs,
        expires_at_ms: expiresAt.getTime(),
      },
    })),
  );
  return targets.length;
}

function named(target: RevocationTarget): Record<string, string> {
  return Object.fromEntries(Object.entries(target).filter(([, text]) => text !== undefined));
}
