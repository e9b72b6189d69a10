import { describe, expect, it } from 'vitest';
import { isErrorCode, PROBLEMS, ProblemError } from './errors.ts';
import { ERROR_CODE_TEXTS } from './gen/types.ts';

describe('problems', () => {
  it('give every code of the contract a status, a title and nothing beyond it', () => {
    expect(Object.keys(PROBLEMS).sort()).toEqual([...ERROR_CODE_TEXTS].sort());
    for (const { status, title } of Object.values(PROBLEMS)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(title).not.toBe('');
    }
    expect(isErrorCode('conflict')).toBe(true);
    expect(isErrorCode('toString')).toBe(false);
  });

  it('carry what a caller needs to act', () => {
    const error = new ProblemError('sequence_conflict', 'The head is 7.', { currentSeq: 7n });
    expect(error).toMatchObject({ status: 409, retryable: false, currentSeq: 7n, faults: [] });
    expect(new ProblemError('rate_limited', 'Slow down.', { retryAfterMs: 250 })).toMatchObject({
      status: 429,
      retryable: true,
      retryAfterMs: 250,
    });
  });
});
