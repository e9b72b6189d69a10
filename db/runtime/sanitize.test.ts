import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonValue } from '#proto/canonical.ts';
import { sanitizeJson } from './sanitize.ts';

test('NUL and lone surrogates are replaced, in names too, and pairs are kept', () => {
  expect(sanitizeJson({ 'a\0': ['x\udc00', '\ud83d\ude00'] })).toEqual({
    value: { 'a\ufffd': ['x\ufffd', '\ud83d\ude00'] },
    changed: true,
  });
});

test('a clean value is returned itself', () => {
  const value = { text: 'plain', list: [1, null, { deep: true }] };
  const result = sanitizeJson(value);
  expect(result.changed).toBe(false);
  expect(result.value).toBe(value);
});

test('whatever comes in, what comes out is storable and a second pass changes nothing', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary', maxDepth: 3 }), (value) => {
      const { value: clean } = sanitizeJson(value as JsonValue);
      expect(sanitizeJson(clean).changed).toBe(false);
    }),
    { numRuns: 50 },
  );
});
