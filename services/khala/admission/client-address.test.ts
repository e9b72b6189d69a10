import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createClientAddress } from './client-address.ts';

const addressOf = createClientAddress(['10.0.0.0/8', '2001:db8:ffff::/48', '127.0.0.1']);

function asked(remoteAddress: string | undefined, forwarded?: string | string[]) {
  const headers = forwarded === undefined ? {} : { 'x-forwarded-for': forwarded as string };
  return addressOf({ headers, socket: { remoteAddress } as Socket });
}

test.each<[string, string | undefined, string | undefined, string | undefined]>([
  ['a peer of its own', '203.0.113.7', undefined, '203.0.113.7'],
  ['a stranger who says it is another', '203.0.113.7', '198.51.100.1', '203.0.113.7'],
  ['a proxy of ours', '10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['two proxies of ours', '10.1.2.3', '198.51.100.1, 10.9.9.9', '198.51.100.1'],
  [
    'a client that put addresses before its own',
    '10.1.2.3',
    '8.8.8.8, 198.51.100.1',
    '198.51.100.1',
  ],
  ['a proxy that says nothing', '10.1.2.3', undefined, '10.1.2.3'],
  ['a proxy that says garbage', '10.1.2.3', '8.8.8.8, <script>', '10.1.2.3'],
  ['an IPv4 peer on a dual-stack socket', '::ffff:203.0.113.7', undefined, '203.0.113.7'],
  ['a proxy on a dual-stack socket', '::ffff:10.1.2.3', '198.51.100.1', '198.51.100.1'],
  ['an IPv6 peer by its network', '2001:db8:1:2:3:4:5:6', undefined, '2001:db8:1:2::/64'],
  ['the same network in short', '2001:db8:1:2::9', undefined, '2001:db8:1:2::/64'],
  ['an IPv6 network with zeros', '2001:db8::1', undefined, '2001:db8:0:0::/64'],
  ['an IPv6 proxy of ours', '2001:db8:ffff::1', '2001:DB8:1:2::9', '2001:db8:1:2::/64'],
  ['the loopback', '::1', undefined, undefined],
  ['a proxy on the loopback', '127.0.0.1', '198.51.100.1', '198.51.100.1'],
  ['a socket that is gone', undefined, undefined, undefined],
])('%s', (_, remote, forwarded, expected) => {
  expect(asked(remote, forwarded)).toBe(expected);
});

test('a chain without end is cut', () => {
  expect(asked('10.1.2.3', Array(5_000).fill('10.9.9.9').join(','))).toBe('10.9.9.9');
});

test.each(['proxy.example', '10.0.0.0/99', ''])('%j is no proxy', (text) => {
  expect(() => createClientAddress([text])).toThrow();
});
