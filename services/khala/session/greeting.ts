import type { KhalaMessage } from '#proto/khala-frame.ts';
import type { Grant } from '../authentication/sync-token.ts';
import { TOPICS_PER_CONNECTION_MAX } from '../limits.ts';
import type { SessionNode } from './session-node.ts';

/** The first frame: what a proof is made over, and who is served until when. */
export function challengeOf({ window }: SessionNode, nonce: string): KhalaMessage {
  return {
    kind: 'challenge',
    nonce,
    protocol_version_min: window.protocol_version,
    protocol_version_max: window.protocol_version,
    client_build_id_min: window.min_client_build_id,
    client_build_id_max: window.max_client_build_id,
    window_expires_at: window.expires_at ?? '',
  };
}

export function welcomeOf(node: SessionNode, connectionId: string, grant: Grant): KhalaMessage {
  return {
    kind: 'welcome',
    connection_id: connectionId,
    node_id: node.nodeId,
    token_expires_at_ms: BigInt(grant.expiresAtMs),
    heartbeat_interval_ms: node.timing.heartbeatIntervalMs,
    dead_after_ms: node.timing.deadAfterMs,
    topics_max: TOPICS_PER_CONNECTION_MAX,
  };
}
