import { expect, test } from 'vitest';
import { acceptsWork, heartbeatState, nextWorkerStatus, type WorkerStatus } from './state.ts';

const STATUSES: WorkerStatus[] = ['starting', 'running', 'stopping', 'stopped', 'failed'];

/** Rows: from; columns in the order of STATUSES. */
const MATRIX: Record<WorkerStatus, string> = {
  starting: 'yyyny',
  running: 'nyyyy',
  stopping: 'nnyyy',
  stopped: 'yynyn',
  failed: 'yynny',
};

test.each(STATUSES)('a %s worker changes only as the matrix says', (from) => {
  STATUSES.forEach((to, column) => {
    if (MATRIX[from][column] === 'y') expect(nextWorkerStatus(from, to)).toBe(to);
    else expect(() => nextWorkerStatus(from, to)).toThrow(`A ${from} worker cannot become ${to}`);
  });
});

test('only a starting or running worker takes work', () => {
  expect(STATUSES.filter(acceptsWork)).toEqual(['starting', 'running']);
});

test('liveness is the lease', () => {
  const state = (status: WorkerStatus, leaseExpiresAtMs: number | null) =>
    heartbeatState({ status, leaseExpiresAtMs }, 1_000);
  expect(state('running', 1_001)).toBe('fresh');
  expect(state('running', 1_000)).toBe('stale');
  expect(state('starting', null)).toBe('missing');
  expect(state('stopped', 5_000)).toBe('stopped');
  expect(state('failed', 5_000)).toBe('failed');
});
