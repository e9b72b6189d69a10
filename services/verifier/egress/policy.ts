/**
 * Where a setup with network may go.
 *
 * 1. Nothing but what the operator lists: a host, `*.domain`, or `*` for every public host; ports 80 and 443 unless named.
 * 2. An address that is not public is reached only under a host listed by its own name: a wildcard never leads to
 *    services of this machine, of its network, or of the cloud it runs in.
 */
import { BlockList, isIP } from 'node:net';

export interface Destination {
  readonly host: string;
  readonly port: number;
}

export type EgressDecision = 'named' | 'public_only' | 'refused';

const WEB_PORTS = [80, 443];

const NOT_PUBLIC: readonly (readonly [network: string, prefix: number])[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['::', 96],
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
  ['64:ff9b:1::', 48],
  ['100::', 64],
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
];

// Two lists, because a list that holds the mapped range would take every IPv4 address for one of it.
const notPublic = { ipv4: new BlockList(), ipv6: new BlockList() };
for (const [network, prefix] of NOT_PUBLIC) {
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  notPublic[family].addSubnet(network, prefix, family);
}

export function isPublicAddress(address: string): boolean {
  const version = isIP(address);
  if (version === 0) return false;
  const family = version === 6 ? 'ipv6' : 'ipv4';
  return !notPublic[family].check(address, family);
}

/** What the list says about a destination, before its name is looked up. */
export function decideEgress(list: readonly string[], { host, port }: Destination): EgressDecision {
  const name = host.toLowerCase().replace(/\.$/, '');
  let decision: EgressDecision = 'refused';
  for (const entry of list) {
    const [pattern = '', ownPort] = entry.split(':');
    if (ownPort === undefined ? !WEB_PORTS.includes(port) : Number(ownPort) !== port) continue;
    if (pattern === name) return 'named';
    if (pattern === '*' || (pattern.startsWith('*.') && name.endsWith(pattern.slice(1)))) {
      decision = 'public_only';
    }
  }
  return decision;
}
