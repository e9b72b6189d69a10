import { z } from 'zod';
import type { RevocationRow } from '#db/runtime/revocation-read.ts';

/** Whom it names. An organisation is lost by one user; everything else ends as a whole. */
export type RevocationTarget =
  | { kind: 'token'; jti: string }
  | { kind: 'session'; sessionId: string }
  | { kind: 'device'; deviceId: string }
  | { kind: 'user'; userId: string }
  | { kind: 'membership'; userId: string; orgId: string };

export interface Revocation {
  target: RevocationTarget;
  /** What was issued until then is over. */
  notBeforeMs: number;
  /** From then on nothing of it can still be alive. */
  expiresAtMs: number;
}

/** The event's kind on `system:revocations`. */
export const REVOKED_KIND = 'session.revoked';

const id = z.string().nullish();
const payloadSchema = z.object({
  ...{ jti: id, session_id: id, device_id: id, user_id: id, org_id: id },
  not_before_ms: z.number(),
  expires_at_ms: z.number(),
});

/** @throws where the payload is no revocation. */
export function revocationOfEvent(payload: Uint8Array): Revocation {
  const event = payloadSchema.parse(JSON.parse(new TextDecoder().decode(payload)));
  return {
    target: targetOf(event),
    notBeforeMs: event.not_before_ms,
    expiresAtMs: event.expires_at_ms,
  };
}

export function revocationOfRow(row: RevocationRow): Revocation {
  return {
    target: targetOf(row),
    notBeforeMs: row.not_before.getTime(),
    expiresAtMs: row.expires_at.getTime(),
  };
}

type Named = {
  [column in 'jti' | 'session_id' | 'device_id' | 'user_id' | 'org_id']?: string | null | undefined;
};

function targetOf({ jti, session_id, device_id, user_id, org_id }: Named): RevocationTarget {
  if (present(jti)) return { kind: 'token', jti };
  if (present(session_id)) return { kind: 'session', sessionId: session_id };
  if (present(device_id)) return { kind: 'device', deviceId: device_id };
  if (present(user_id) && present(org_id)) {
    return { kind: 'membership', userId: user_id, orgId: org_id };
  }
  if (present(user_id)) return { kind: 'user', userId: user_id };
  throw new Error('a revocation names somebody');
}

/** An empty text names nobody, and is no reason for a node to follow no further. */
function present(text: string | null | undefined): text is string {
  return text !== null && text !== undefined;
}
