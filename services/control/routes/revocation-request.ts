import type { RevocationReason, RevocationTarget } from '#db/control/sessions.ts';
import { ProblemError } from '#proto/errors.ts';
import type { SessionRevocationRequest } from '#proto/gen/types.ts';
import type { Person } from '../../shared/http/caller.ts';

/** The other reasons are the platform's own findings. */
const REASONS_OF_A_PERSON: readonly RevocationReason[] = ['user_requested', 'security_policy'];

/**
 * What a person asks to end. Their present session is spared unless they include it: whoever ends all others must not
 * lock themselves out.
 *
 * @throws ProblemError invalid_request, conflict
 */
export function revocationOf(
  request: SessionRevocationRequest,
  person: Person,
): { target: RevocationTarget; reason: RevocationReason } {
  const { session_id: sessionId, device_id, revoke_all_sessions: all, include_current } = request;
  if (sessionId === undefined && device_id === undefined && all !== true) {
    throw invalid('$', 'needs one of session_id, device_id, revoke_all_sessions: true');
  }
  if (sessionId === person.session_id && !include_current) {
    throw new ProblemError('conflict', 'This is your present session; log out, or include it.');
  }
  const reason = request.reason === '' ? 'user_requested' : request.reason;
  if (!REASONS_OF_A_PERSON.includes(reason)) {
    throw invalid('$.reason', `must be one of ${REASONS_OF_A_PERSON.join(', ')}`);
  }
  return {
    target: {
      ...(sessionId !== undefined && { sessionId }),
      ...(device_id !== undefined && { deviceId: device_id.toLowerCase() }),
      ...(!include_current && { exceptSessionId: person.session_id }),
    },
    reason,
  };
}

function invalid(path: string, reason: string): ProblemError {
  return new ProblemError('invalid_request', 'The body is not valid.', {
    faults: [{ path, reason }],
  });
}
