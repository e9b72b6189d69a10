import { expect, test } from 'vitest';
import { failureOf } from './failure.ts';

const error = (codexErrorInfo: string | Record<string, unknown>, message = 'why') => ({
  message,
  codexErrorInfo,
});

test.each([
  ['unauthorized', 'forbidden', false],
  [{ responseStreamConnectionFailed: { httpStatusCode: 401 } }, 'forbidden', false],
  ['usageLimitExceeded', 'forbidden', false],
  ['modelNotFound', 'invalid_request', false],
  ['serverOverloaded', 'worker_unavailable', true],
  [{ responseTooManyFailedAttempts: { httpStatusCode: 503 } }, 'worker_unavailable', true],
  ['contextWindowExceeded', 'internal_error', false],
  ['something of a later version', 'internal_error', false],
] as const)('%j is %s', (info, code, retryable) => {
  expect(failureOf(error(info))).toMatchObject({ code, retryable });
});

test('the last of several broken streams may be tried again', () => {
  const broken = error('other', 'stream disconnected before completion: closed');
  expect(failureOf(broken)).toMatchObject({ code: 'worker_unavailable', retryable: true });
});

test('a failure without an error is still one, and a key in it is not repeated', () => {
  expect(failureOf(null)).toMatchObject({ code: 'internal_error' });
  const key = `sk-proj-${'a1B2'.repeat(10)}`;
  expect(failureOf(error('other', `bad key ${key}`)).message).not.toContain(key);
});
