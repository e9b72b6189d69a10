import { createTokenBuckets } from '#proto/token-buckets.ts';
import {
  ADMISSIONS_PER_USER_PER_S,
  OVERLOADED_RETRY_MS,
  SOCKETS_PER_TOKEN_MAX,
  USERS_REMEMBERED_MAX,
} from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';
import type { Grant } from './sync-token.ts';

/** Which sockets each token and each user hold open on this node. */
export interface LiveSockets {
  /**
   * From now on the connection is held by this grant and by no earlier one.
   *
   * @throws SessionFault `overloaded` beyond the sockets of a token or a user, `rate_limited` beyond a user's pace.
   */
  hold(grant: Pick<Grant, 'jti' | 'userId'>, connectionId: string): void;
  release(connectionId: string): void;
}

export function createLiveSockets(options: {
  socketsPerUserMax: number;
  clock(): number;
}): LiveSockets {
  const { socketsPerUserMax, clock } = options;
  const byToken = new Map<string, Set<string>>();
  const byUser = new Map<string, Set<string>>();
  const holderOf = new Map<string, Pick<Grant, 'jti' | 'userId'>>();
  const admissions = createTokenBuckets({
    perSecond: ADMISSIONS_PER_USER_PER_S,
    // All sockets of a user come back at once after their node died.
    burst: socketsPerUserMax,
    bucketsMax: USERS_REMEMBERED_MAX,
    clock,
  });

  function release(connectionId: string): void {
    const holder = holderOf.get(connectionId);
    if (!holder) return;
    holderOf.delete(connectionId);
    remove(byToken, holder.jti, connectionId);
    remove(byUser, holder.userId, connectionId);
  }

  return {
    hold({ jti, userId }, connectionId) {
      assertRoom(byToken.get(jti), connectionId, SOCKETS_PER_TOKEN_MAX, 'token');
      assertRoom(byUser.get(userId), connectionId, socketsPerUserMax, 'user');
      if (!holderOf.has(connectionId)) {
        const pace = admissions.take(userId);
        if (!pace.ok) {
          const { retryAfterMs } = pace;
          throw new SessionFault('rate_limited', 'too_many_admissions', { retryAfterMs });
        }
      }
      release(connectionId);
      holderOf.set(connectionId, { jti, userId });
      add(byToken, jti, connectionId);
      add(byUser, userId, connectionId);
    },
    release,
  };
}

function assertRoom(
  sockets: ReadonlySet<string> | undefined,
  connectionId: string,
  socketsMax: number,
  holder: 'token' | 'user',
): void {
  if (!sockets || sockets.size < socketsMax || sockets.has(connectionId)) return;
  throw new SessionFault('overloaded', `too_many_sockets_of_one_${holder}`, {
    retryAfterMs: OVERLOADED_RETRY_MS,
  });
}

function add(socketsOf: Map<string, Set<string>>, key: string, connectionId: string): void {
  socketsOf.set(key, (socketsOf.get(key) ?? new Set()).add(connectionId));
}

function remove(socketsOf: Map<string, Set<string>>, key: string, connectionId: string): void {
  const sockets = socketsOf.get(key);
  sockets?.delete(connectionId);
  if (sockets?.size === 0) socketsOf.delete(key);
}
