import assert from 'node:assert/strict';
import { test } from 'node:test';
import { total } from '../src/basket.js';

test('an empty basket costs nothing', () => {
  assert.equal(total([]), 0);
});

test('a line counts as often as its quantity says', () => {
  assert.equal(
    total([
      { cents: 250, quantity: 3 },
      { cents: 100, quantity: 1 },
    ]),
    850,
  );
});

test('a discount comes off the whole', () => {
  assert.equal(total([{ cents: 1000, quantity: 2 }], 10), 1800);
});
