import type { SyncErrorCode } from './gen/types.ts';

/** What a client does when its socket closes; nothing else is worth distinguishing on the wire. */
export type CloseAction =
  | 'resume_now'
  | 'resume_after'
  | 'refresh_token'
  | 'log_in'
  | 'upgrade'
  | 'stop';

/** The closed list of application close codes (4000–4999 is the range that RFC 6455 leaves to applications). */
export const CLOSE_CODE = {
  resume_now: 4000,
  resume_after: 4001,
  refresh_token: 4002,
  log_in: 4003,
  upgrade: 4004,
  stop: 4005,
} as const satisfies Record<CloseAction, number>;

/** The close reason carries the error's text; this table says which code goes with it. */
export const CLOSE_ACTION_OF_ERROR = {
  unauthorized: 'log_in',
  forbidden_topic: 'stop',
  bad_subscription: 'stop',
  stale_cursor: 'resume_now',
  payload_too_large: 'stop',
  rate_limited: 'resume_after',
  internal: 'resume_after',
  slow_consumer: 'resume_after',
  reauth_required: 'refresh_token',
  upgrade_required: 'upgrade',
  overloaded: 'resume_after',
  token_expired: 'refresh_token',
  server_draining: 'resume_after',
  forbidden_origin: 'stop',
  malformed_frame: 'stop',
} as const satisfies Record<Exclude<SyncErrorCode, ''>, CloseAction>;

// What the WebSocket layer itself says of frames it cannot take (RFC 6455, 7.4.1): trying again would end the same way.
const FAULTS_OF_THE_PEER = [1002, 1003, 1007, 1009];

const ACTION_OF_CODE: ReadonlyMap<number, CloseAction> = new Map([
  ...(Object.keys(CLOSE_CODE) as CloseAction[]).map((action): [number, CloseAction] => [
    CLOSE_CODE[action],
    action,
  ]),
  ...FAULTS_OF_THE_PEER.map((code): [number, CloseAction] => [code, 'stop']),
]);

/**
 * Total over every code a socket can close with: what this list does not name is the network, a proxy or a crash,
 * and the reader resumes after its own backoff.
 */
export function closeActionOf(code: number): CloseAction {
  return ACTION_OF_CODE.get(code) ?? 'resume_after';
}
