/**
 * Whom a connection is counted for.
 *
 * 1. What a peer says of others counts only where the peer is a proxy that the operator named.
 * 2. The loopback is nobody: whatever stands there is this machine's own, or a proxy that was not named.
 */
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';

/** Undefined: counted for nobody. */
export type ClientAddressOf = (
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
) => string | undefined;

/** Longer chains of proxies are nobody's. */
const HOPS_MAX = 16;
const LOOPBACK = blocksOf(['127.0.0.0/8', '::1']);
/** One household or one machine has a whole /64. */
const HOST_GROUPS_OF_IPV6 = 4;

/** @throws TypeError where a proxy is neither an address nor a range (`10.0.0.0/8`). */
export function createClientAddress(trustedProxies: readonly string[]): ClientAddressOf {
  const trusted = blocksOf(trustedProxies);
  return ({ headers, socket }) => {
    let address = plain(socket.remoteAddress ?? '');
    const told = headers['x-forwarded-for'];
    const hops = (Array.isArray(told) ? told.join(',') : (told ?? '')).split(',').slice(-HOPS_MAX);
    // From the nearest hop on: the first that is none of ours is the client, and what it says itself counts for nothing.
    while (holds(trusted, address)) {
      const before = plain((hops.pop() ?? '').trim());
      if (isIP(before) === 0) break;
      address = before;
    }
    if (isIP(address) === 0 || holds(LOOPBACK, address)) return undefined;
    return isIPv6(address) ? networkOf(address) : address;
  };
}

function blocksOf(ranges: readonly string[]): BlockList {
  const blocks = new BlockList();
  for (const range of ranges) {
    const [network = '', bits] = range.trim().split('/');
    const family = isIPv6(network) ? 'ipv6' : 'ipv4';
    if (isIP(network) === 0) throw new TypeError(`${range} is neither an address nor a range`);
    if (bits === undefined) blocks.addAddress(network, family);
    else blocks.addSubnet(network, Number(bits), family);
  }
  return blocks;
}

function holds(blocks: BlockList, address: string): boolean {
  return isIP(address) !== 0 && blocks.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

/** An IPv4 address as a dual-stack socket tells it. */
function plain(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}

function networkOf(address: string): string {
  const [head = '', tail] = address.split('%')[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail ? tail.split(':') : [];
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after];
  const network = groups.slice(0, HOST_GROUPS_OF_IPV6).map((group) => Number.parseInt(group, 16));
  return `${network.map((group) => group.toString(16)).join(':')}::/64`;
}
