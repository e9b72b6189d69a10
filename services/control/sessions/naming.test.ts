import fc from 'fast-check';
import { expect, test } from 'vitest';
import { normaliseEmail } from './challenge.ts';
import { slugFor } from './log-in.ts';

/** As the table of organisations checks it. */
const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

test.each([
  ['Ada.Lovelace+work@example.com', 'ada-lovelace-work-23abcd'],
  ['émile@example.com', 'e-mile-23abcd'],
  ['___@example.com', 'personal-23abcd'],
  [`${'x'.repeat(80)}@example.com`, `${'x'.repeat(40)}-23abcd`],
])('the organisation of %s is called %s', (email, slug) => {
  expect(slugFor(email, 'org_01kaaaaaaaaaaaaaaaaa23abcd')).toBe(slug);
});

test('whatever the address, the slug fits the table', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 254 }), (email) => {
      expect(slugFor(email, 'org_01kaaaaaaaaaaaaaaaaa23abcd')).toMatch(SLUG);
    }),
  );
});

test('an address that is not plain text is refused', () => {
  expect(() => normaliseEmail('a\u0007@example.com')).toThrow(/visible ASCII/);
  expect(() => normaliseEmail('\u0430da@example.com')).toThrow(/visible ASCII/);
  expect(normaliseEmail('Ada@Example.COM')).toBe('ada@example.com');
});
