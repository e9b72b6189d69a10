import { expect, test } from 'vitest';
import { SYNC_ERROR_CODE_TEXTS } from './gen/types.ts';
import {
  CLOSE_ACTION_OF_ERROR,
  CLOSE_CODE,
  type CloseAction,
  closeActionOf,
} from './khala-close.ts';

test('each action has a code of its own in the range of applications, and reads back', () => {
  const codes = Object.values(CLOSE_CODE);
  expect(new Set(codes).size).toBe(codes.length);
  for (const [action, code] of Object.entries(CLOSE_CODE)) {
    expect(code).toBeGreaterThanOrEqual(4000);
    expect(code).toBeLessThan(5000);
    expect(closeActionOf(code)).toBe(action as CloseAction);
  }
});

test('every sync error says what the client does', () => {
  expect(Object.keys(CLOSE_ACTION_OF_ERROR).sort()).toEqual([...SYNC_ERROR_CODE_TEXTS].sort());
});

test.each([1000, 1001, 1005, 1006, 1011, 1012, 1013, 3000, 4999])(
  '%i is the network or a crash: resume after a while',
  (code) => expect(closeActionOf(code)).toBe('resume_after'),
);

test.each([1002, 1003, 1007, 1009])('%i would only happen again: stop', (code) =>
  expect(closeActionOf(code)).toBe('stop'),
);
