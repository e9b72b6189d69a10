import { expect, it } from 'vitest';
import { boundedNames } from './bounded-names.ts';

it('keeps a short list as it is', () => {
  expect(boundedNames(['a', 'b'])).toEqual(['a', 'b']);
});

it('cuts a long one by number and by length, and says by how much', () => {
  const many = boundedNames(Array.from({ length: 1_000 }, (_, index) => `test-${index}`));
  expect(many).toHaveLength(257);
  expect(many.at(-1)).toBe('and 744 more');
  expect(boundedNames(['x'.repeat(20_000), 'y'])).toEqual(['and 2 more']);
});
