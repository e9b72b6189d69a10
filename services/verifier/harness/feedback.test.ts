import fc from 'fast-check';
import { expect, it } from 'vitest';
import { feedbackOf } from './feedback.ts';

it('ends with the end of the output', () => {
  const feedback = feedbackOf('failed', `${'x'.repeat(20_000)}the last words`);
  expect(feedback.startsWith('failed\nxxx')).toBe(true);
  expect(feedback.endsWith('the last words')).toBe(true);
});

it('is at most 8 KiB of well-formed text, whatever was printed', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.uint8Array({ maxLength: 12_000 }),
      (head, output) => {
        const feedback = feedbackOf(head, output);
        expect(Buffer.byteLength(feedback)).toBeLessThanOrEqual(8 * 1024);
        expect(feedback.isWellFormed()).toBe(true);
      },
    ),
  );
});

it('cuts no character in two', () => {
  const feedback = feedbackOf('', 'ü'.repeat(5_000));
  expect(feedback).not.toContain('\uFFFD');
});
