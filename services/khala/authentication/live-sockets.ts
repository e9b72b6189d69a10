import { OVERLOADED_RETRY_MS, SOCKETS_PER_TOKEN_MAX } from '../limits.ts';
import { SessionFault } from '../session/session-fault.ts';

/** Which sockets each token holds open on this node. */
export interface LiveSockets {
  /** @throws SessionFault `overloaded` beyond the limit of sockets per token. */
  hold(jti: string, connectionId: string): void;
  release(jti: string, connectionId: string): void;
}

export function createLiveSockets(): LiveSockets {
  const socketsOf = new Map<string, Set<string>>();
  return {
    hold(jti, connectionId) {
      const sockets = socketsOf.get(jti) ?? new Set();
      if (sockets.size >= SOCKETS_PER_TOKEN_MAX && !sockets.has(connectionId)) {
        throw new SessionFault('overloaded', 'too_many_sockets_of_one_token', {
          retryAfterMs: OVERLOADED_RETRY_MS,
        });
      }
      socketsOf.set(jti, sockets.add(connectionId));
    },
    release(jti, connectionId) {
      const sockets = socketsOf.get(jti);
      sockets?.delete(connectionId);
      if (sockets?.size === 0) socketsOf.delete(jti);
    },
  };
}
