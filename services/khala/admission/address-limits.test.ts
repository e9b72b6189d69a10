import { expect, test } from 'vitest';
import { CONNECTS_PER_ADDRESS_BURST, HANDSHAKES_PER_ADDRESS_MAX } from '../limits.ts';
import { createAddressLimits } from './address-limits.ts';

const ADDRESS = '198.51.100.1';

function limits(options: { socketsMax?: number; admitted?: ReadonlySet<string> } = {}) {
  const { socketsMax = 1_000, admitted = new Set() } = options;
  return createAddressLimits({ socketsMax, isAdmitted: (id) => admitted.has(id), clock: () => 0 });
}

test('handshakes of one address are bounded, admitted sockets are none, and an end makes room', () => {
  const admitted = new Set<string>();
  const address = limits({ admitted });
  for (let at = 0; at < HANDSHAKES_PER_ADDRESS_MAX; at += 1) address.opened(`c${at}`, ADDRESS);
  expect(address.excessOf(ADDRESS)).toBe('too_many_handshakes_of_one_address');
  expect(address.excessOf('203.0.113.1')).toBeUndefined();
  admitted.add('c0');
  expect(address.excessOf(ADDRESS)).toBeUndefined();
  address.opened('another', ADDRESS);
  expect(address.excessOf(ADDRESS)).toBe('too_many_handshakes_of_one_address');
  address.closed('another');
  address.closed('another');
  expect(address.excessOf(ADDRESS)).toBeUndefined();
});

test('who is counted for nobody has no limit', () => {
  const address = limits({ socketsMax: 1 });
  for (let at = 0; at < CONNECTS_PER_ADDRESS_BURST + 1; at += 1) {
    expect(address.knock(undefined)).toEqual({ ok: true });
    address.opened(`c${at}`, undefined);
  }
  expect(address.excessOf(undefined)).toBeUndefined();
});

test('a burst of knocks is let through, the next one is told when', () => {
  const address = limits();
  for (let at = 0; at < CONNECTS_PER_ADDRESS_BURST; at += 1) address.knock(ADDRESS);
  expect(address.knock(ADDRESS)).toEqual({ ok: false, retryAfterMs: 10 });
  expect(address.knock('203.0.113.1')).toEqual({ ok: true });
});
