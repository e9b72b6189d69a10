import { expect, test } from 'vitest';
import { createSecrets } from './secrets.ts';

const one = createSecrets(Buffer.alloc(32, 1));
const other = createSecrets(Buffer.alloc(32, 2));

test('a successor follows from its token and the key alone', () => {
  expect(one.successorOf('oa_rt_a')).toBe(one.successorOf('oa_rt_a'));
  expect(one.successorOf('oa_rt_a')).not.toBe(one.successorOf('oa_rt_b'));
  expect(one.successorOf('oa_rt_a')).not.toBe(other.successorOf('oa_rt_a'));
  expect(one.successorOf('oa_rt_a')).toMatch(/^oa_rt_[A-Za-z0-9_-]{43}$/);
});

test('equal codes of two challenges leave different traces', () => {
  expect(one.codeHash('challenge_a', '123456')).not.toEqual(one.codeHash('challenge_b', '123456'));
});

test('one use of the key says nothing about another', () => {
  expect(one.principalHash('x')).not.toEqual(one.codeHash('', 'x'));
});
