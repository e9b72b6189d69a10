import { createTokenBuckets, type RateDecision } from '#proto/token-buckets.ts';
import {
  ADDRESSES_REMEMBERED_MAX,
  CONNECTS_PER_ADDRESS_BURST,
  CONNECTS_PER_ADDRESS_PER_S,
  HANDSHAKES_PER_ADDRESS_MAX,
} from '../limits.ts';

export interface AddressLimits {
  /** Whether one more may knock. */
  knock(address: string | undefined): RateDecision;
  /** Why a socket from there is one too many, where it is. */
  excessOf(address: string | undefined): string | undefined;
  opened(connectionId: string, address: string | undefined): void;
  closed(connectionId: string): void;
}

/** Memory grows with the open sockets and is bounded for those who only knock. */
export function createAddressLimits(deps: {
  socketsMax: number;
  isAdmitted(connectionId: string): boolean;
  clock(): number;
}): AddressLimits {
  const { socketsMax, isAdmitted, clock } = deps;
  const connectionsOf = new Map<string, Set<string>>();
  const addressOf = new Map<string, string>();
  const knocks = createTokenBuckets({
    perSecond: CONNECTS_PER_ADDRESS_PER_S,
    burst: CONNECTS_PER_ADDRESS_BURST,
    bucketsMax: ADDRESSES_REMEMBERED_MAX,
    clock,
  });

  return {
    knock: (address) => (address === undefined ? { ok: true } : knocks.take(address)),
    excessOf(address) {
      const connections = address === undefined ? undefined : connectionsOf.get(address);
      if (!connections) return undefined;
      if (connections.size >= socketsMax) return 'too_many_sockets_of_one_address';
      let handshakes = 0;
      for (const id of connections) handshakes += isAdmitted(id) ? 0 : 1;
      return handshakes >= HANDSHAKES_PER_ADDRESS_MAX
        ? 'too_many_handshakes_of_one_address'
        : undefined;
    },
    opened(connectionId, address) {
      if (address === undefined) return;
      addressOf.set(connectionId, address);
      const connections = connectionsOf.get(address) ?? new Set();
      connectionsOf.set(address, connections.add(connectionId));
    },
    closed(connectionId) {
      const address = addressOf.get(connectionId);
      if (address === undefined) return;
      addressOf.delete(connectionId);
      const connections = connectionsOf.get(address);
      connections?.delete(connectionId);
      if (connections?.size === 0) connectionsOf.delete(address);
    },
  };
}
