import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isSha256, type Sha256, sha256FromBytes, sha256Of, sha256ToBytes } from './sha256.ts';

describe('hashes', () => {
  it('are those of any other implementation', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const hex = createHash('sha256').update(bytes).digest('hex');
        return sha256Of(bytes) === `sha256:${hex}`;
      }),
    );
  });

  it('are the same after a journey through their raw bytes', () => {
    const hash = sha256Of(new Uint8Array([1, 2, 3]));
    expect(sha256FromBytes(sha256ToBytes(hash))).toBe(hash);
    expect(sha256FromBytes(Buffer.from(sha256ToBytes(hash)))).toBe(hash);
  });

  it.each([
    'sha256:',
    `sha256:${'A'.repeat(64)}`,
    `sha256:${'a'.repeat(63)}`,
    `sha256:${'a'.repeat(64)}\n`,
    'a'.repeat(64),
    '',
  ])('are not written as %j', (text) => {
    expect(isSha256(text)).toBe(false);
    expect(() => sha256ToBytes(text as Sha256)).toThrow(RangeError);
  });

  it('have 32 bytes', () => {
    expect(() => sha256FromBytes(new Uint8Array(31))).toThrow(RangeError);
  });
});
