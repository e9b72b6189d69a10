import { expect, it } from 'vitest';
import { decideEgress, isPublicAddress } from './policy.ts';

const LIST = ['*', '*.example.org', 'mirror.internal', 'mirror.internal:8443'];

it.each([
  ['an unlisted host under the wildcard', 'anything.net', 443, 'public_only'],
  ['a host below a listed domain', 'a.b.example.org', 80, 'public_only'],
  ['a named host, whatever its case', 'Mirror.Internal.', 443, 'named'],
  ['a named host on a named port', 'mirror.internal', 8443, 'named'],
  ['a port that is not of the web', 'anything.net', 22, 'refused'],
] as const)('%s', (_, host, port, decision) => {
  expect(decideEgress(LIST, { host, port })).toBe(decision);
});

it('refuses everything under an empty list, and a domain that only ends alike', () => {
  expect(decideEgress([], { host: 'example.org', port: 443 })).toBe('refused');
  expect(decideEgress(['*.example.org'], { host: 'evilexample.org', port: 443 })).toBe('refused');
});

it.each(['93.184.216.34', '2606:2800:220:1:248:1893:25c8:1946'])('%s is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

it.each([
  '127.0.0.1',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.1.1',
  '169.254.169.254',
  '100.64.0.1',
  '0.0.0.0',
  '::1',
  '::ffff:127.0.0.1',
  '::ffff:8.8.8.8',
  'fd00::1',
  'fe80::1',
  '64:ff9b::7f00:1',
  'not an address',
])('%s is not', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});
