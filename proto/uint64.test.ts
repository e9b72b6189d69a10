import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clampToInt64, formatUint64, INT64_MAX, parseUint64, UINT64_MAX } from './uint64.ts';

describe('64-bit integers', () => {
  it('are the same after a journey through their text', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, UINT64_MAX), (value) => parseUint64(formatUint64(value)) === value),
    );
  });

  it.each(['-1', '01', '1.0', '1e3', '', ' 1', '0x1', '18446744073709551616', '９'])(
    'refuse %j',
    (text) => {
      expect(() => parseUint64(text)).toThrow(RangeError);
    },
  );

  it('refuse a bigint outside their range', () => {
    expect(() => formatUint64(-1n)).toThrow(RangeError);
    expect(() => formatUint64(UINT64_MAX + 1n)).toThrow(RangeError);
  });

  it('beyond what a database compares are its largest', () => {
    expect(['7', INT64_MAX, UINT64_MAX].map((value) => clampToInt64(String(value)))).toEqual([
      7n,
      INT64_MAX,
      INT64_MAX,
    ]);
  });
});
