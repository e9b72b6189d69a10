import { expect, test } from 'vitest';
import { summaryOf } from './summary.ts';

test('a summary is one line of less than 400 bytes, whatever it is made of', () => {
  expect(summaryOf('Run\n the   harness')).toBe('Run the harness');
  const encoded = new TextEncoder().encode(summaryOf('🜁'.repeat(500))).length;
  expect(encoded).toBeGreaterThan(150);
  expect(encoded).toBeLessThan(400);
});
