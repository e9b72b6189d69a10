import type { Grant } from '../authentication/sync-token.ts';
import { SessionFault } from './session-fault.ts';

/**
 * challenged → authenticating → admitted → closed, and from each of them to closed. Each state carries what is valid in
 * it and nothing else, so that there is no grant to consult before one was verified.
 */
export type SessionState =
  | { name: 'challenged' }
  | { name: 'authenticating' }
  | { name: 'admitted'; grant: Grant }
  | { name: 'closed' };

export type ClientKind = 'hello' | 'subscribe' | 'unsubscribe' | 'token_refresh' | 'heartbeat';

/** @throws SessionFault where a client of this protocol would not send that now. */
export function assertExpected(state: SessionState, kind: ClientKind): void {
  if (kind === 'heartbeat') return;
  if (kind === 'hello' && state.name !== 'challenged') {
    throw new SessionFault('malformed_frame', 'hello_twice');
  }
  if (kind !== 'hello' && state.name !== 'admitted') {
    throw new SessionFault('malformed_frame', 'hello_comes_first');
  }
}
