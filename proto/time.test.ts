import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, parseTime } from './time.ts';

describe('times', () => {
  it('are the same millisecond after a journey through their text', () => {
    const end = Date.UTC(9999, 11, 31, 23, 59, 59, 999);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: end }), (at) => parseTime(formatTime(at)) === at),
    );
  });

  it('may come with an offset and with finer digits, which are cut', () => {
    expect(parseTime('2026-01-31T09:00:00.1239999+01:00')).toBe(
      Date.UTC(2026, 0, 31, 8, 0, 0, 123),
    );
    expect(parseTime('2026-01-31T08:00:00Z')).toBe(Date.UTC(2026, 0, 31, 8));
  });

  it.each([
    '2026-02-30T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01 00:00:00Z',
    '2026-01-01T00:00:00',
    '2026-01-01',
    '1767225600000',
    '',
  ])('refuse %j', (text) => {
    expect(() => parseTime(text)).toThrow(RangeError);
  });
});
