import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CASES } from './cases.ts';
import { CLOSE_CODES, ERROR_CODES, KINDS, STALE_REASONS } from './peer/contract.ts';
import { tableOf } from './report.ts';

const table = tableOf(CASES);

test('every case has a name of its own', () => {
  expect(new Set(CASES.map(({ name }) => name)).size).toBe(CASES.length);
});

/** What no case can bring about from outside. */
const OUT_OF_REACH: readonly string[] = [
  // Refused before the wire: the journal takes no larger payload.
  'payload_too_large',
  // Nothing in a sound node ends with it.
  'internal',
  // No node sends it yet: a socket ends with a cause, and every cause asks for more.
  'resume now',
];

describe('the table plays', () => {
  test.each(Object.keys(KINDS))('the frame %s', (kind) => {
    const inSteps = new RegExp(
      `(→|←) (\\d+ )?${kind.toUpperCase().replace('UPDATE_BATCH', 'UPDATE')}`,
    );
    expect(table).toMatch(inSteps);
  });

  test.each(
    [...ERROR_CODES, ...STALE_REASONS, ...Object.keys(CLOSE_CODES)].filter(
      (each) => each !== '' && each !== 'stale_cursor' && !OUT_OF_REACH.includes(each),
    ),
  )('%s', (outcome) => {
    expect(table).toContain(outcome);
  });
});

test('the command says how it is used, and prints the table', () => {
  const run = (...words: string[]) =>
    execFileSync(process.execPath, [join(import.meta.dirname, 'run.ts'), ...words], {
      encoding: 'utf8',
    });
  expect(run('--help')).toContain('usage: node ops/khala-conformance/run.ts');
  expect(run('--list', '--case', 'HELLO twice')).toContain('← ERROR malformed_frame');
});
