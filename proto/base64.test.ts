import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from './base64.ts';

it('base64 is that of any other implementation, and reads back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
      expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes);
    }),
  );
});

it('base64 takes more bytes than a call takes arguments', () => {
  const bytes = new Uint8Array(1_000_000).fill(7);
  expect(decodeBase64(encodeBase64(bytes))).toHaveLength(bytes.length);
});
